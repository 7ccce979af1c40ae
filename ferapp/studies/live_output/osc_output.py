"""Open Sound Control (OSC 1.0) by UDP: one bundle a frame, whose time tag is the capture.

The values of a group are one message, so that four faces fit into one packet of a network.
"""

import math
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ferapp.studies.live_output.face_output import NotSentError
from ferapp.studies.live_output.face_values import (
    DOUBTS,
    FaceValues,
    SentModel,
    affect_of,
    probabilities_of,
)
from ferapp.studies.live_output.output_target import OutputTarget, check_installed
from ferapp.vision.signals import COLUMNS, SIGNALS

if TYPE_CHECKING:
    from pythonosc.osc_message import OscMessage

# what is sent, and its arguments; N is the face's number, from 1
MESSAGES = {
    "/ferapp/model": "the model's name; once a second, like the names below",
    "/ferapp/classes": "the names of the probabilities, in their order",
    "/ferapp/action_unit_names": "the names of the action units, in their order",
    "/ferapp/doubt_names": "the names of the doubts, in their order",
    "/ferapp/frame": "number of the bundle, from 0: a gap is a lost packet; number of faces",
    "/ferapp/face/N/id": "number of the person as in tables, from 0",
    "/ferapp/face/N/label": "the most probable class, and its probability",
    "/ferapp/face/N/probabilities": "one a class, 0 to 1, of this frame alone",
    "/ferapp/face/N/affect": "valence and arousal, -1 to 1; of models that have learned them",
    "/ferapp/face/N/pose": "yaw, pitch and roll in degrees",
    "/ferapp/face/N/eyes": "openness of the person's left and right eye",
    "/ferapp/face/N/action_units": "one a unit, 0 to 1",
    "/ferapp/face/N/doubts": "one a doubt, 1 or 0",
    "/ferapp/marker": "an event of the recording",
}
DESCRIBE_S = 1.0  # between two descriptions: a receiver may start at any time
RECONNECT_S = 5.0  # between two attempts to find the host
REFUSED_S = 2.0  # how long the last refusal counts
_AUS = tuple(signal.column for signal in SIGNALS if signal.column.startswith("au"))
_FIRST_AU = COLUMNS.index(_AUS[0])

_Argument = str | int | float


class OscOutput:
    """Sends to `target`, whether anybody receives there or not: UDP does not tell for sure."""

    def __init__(self, target: OutputTarget) -> None:
        check_installed(target)
        self._target = target
        self._socket: socket.socket | None = None
        self._connect_at = 0.0
        self._trouble = ""
        self._refused_at = -math.inf
        self._model: SentModel | None = None
        self._describe_at = 0.0
        self._number = 0

    @property
    def notice(self) -> str:
        if time.perf_counter() - self._refused_at < REFUSED_S:
            return f"No program receives at {self._target.address}."
        return ""

    def use_model(self, model: SentModel) -> None:
        self._model, self._describe_at = model, 0.0

    def send(self, faces: Mapping[int, FaceValues], capture_time: float) -> None:
        model = self._model
        assert model is not None
        if time.perf_counter() >= self._describe_at:
            self._send(_description(model), capture_time)
            self._describe_at = time.perf_counter() + DESCRIBE_S
        number, self._number = self._number, self._number + 1
        messages = [_message("/ferapp/frame", [number, len(faces)])]
        for seat, face in faces.items():
            messages += _face_messages(f"/ferapp/face/{seat}", model, face)
        self._send(messages, capture_time)

    def marker(self, text: str, capture_time: float) -> None:
        self._send([_message("/ferapp/marker", [text])], capture_time)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, messages: "Iterable[OscMessage]", capture_time: float) -> None:
        from pythonosc.osc_bundle_builder import OscBundleBuilder

        # by the clock of today's date, which may be set while this runs: read for each bundle
        bundle = OscBundleBuilder(time.time() - (time.perf_counter() - capture_time))  # type: ignore[arg-type]
        for message in messages:
            bundle.add_content(message)
        packet = bundle.build().dgram
        try:
            self._transmit(packet)
        except OSError as error:
            self.close()  # the next socket may go another way
            self._connect_at = time.perf_counter() + RECONNECT_S
            reason = error.strerror or str(error)
            self._trouble = f"{self._target.address} cannot be reached: {reason}. Retrying."
            raise NotSentError(self._trouble) from error

    def _transmit(self, packet: bytes) -> None:
        """A refusal is the answer to an earlier packet, in whose place this one was not sent."""
        if self._socket is None:
            if time.perf_counter() < self._connect_at:
                raise NotSentError(self._trouble)
            self._socket = _connect(self._target.host, self._target.port)
        with suppress(ConnectionRefusedError):  # by then this packet's own
            try:
                self._socket.send(packet)
            except ConnectionRefusedError:
                self._refused_at = time.perf_counter()
                self._socket.send(packet)


def _connect(host: str, port: int) -> socket.socket:
    """A UDP socket that never waits. Raises OSError.

    At the IPv4 address of a name that has both: hardly any program receives OSC by IPv6.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except UnicodeError as error:
        raise OSError(0, "no computer can have this name") from error
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    made = socket.socket(family, kind, protocol)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        made.connect(address)
    except OSError:
        made.close()
        raise
    return made


def _description(model: SentModel) -> "list[OscMessage]":
    return [
        _message("/ferapp/model", [model.name]),
        _message("/ferapp/classes", model.classes),
        _message("/ferapp/action_unit_names", _AUS),
        _message("/ferapp/doubt_names", [str(kind) for kind in DOUBTS]),
    ]


def _face_messages(root: str, model: SentModel, face: FaceValues) -> "list[OscMessage]":
    probabilities, signals = probabilities_of(model, face), face.signals.tolist()
    messages = [_message(f"{root}/id", [face.face_id])]
    if face.probabilities is not None:
        best = int(face.probabilities.argmax())
        messages.append(_message(f"{root}/label", [model.classes[best], probabilities[best]]))
    messages.append(_message(f"{root}/probabilities", probabilities))
    if model.valence_arousal:
        messages.append(_message(f"{root}/affect", affect_of(model, face)))
    return [
        *messages,
        _message(f"{root}/pose", signals[:3]),
        _message(f"{root}/eyes", signals[3:_FIRST_AU]),
        _message(f"{root}/action_units", signals[_FIRST_AU:]),
        _message(f"{root}/doubts", [int(kind in face.doubts) for kind in DOUBTS]),
    ]


def _message(address: str, arguments: Sequence[_Argument]) -> "OscMessage":
    """Whole numbers as int32, others as float32: what every program reads."""
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument, _TYPES[type(argument)])
    return builder.build()


_TYPES = {str: "s", int: "i", float: "f"}
