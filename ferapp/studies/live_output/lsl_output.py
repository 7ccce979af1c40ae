"""Streams of the Lab Streaming Layer: one for each face, and one of markers.

Labels, types and units are in each stream's description as XDF's conventions have them
(github.com/sccn/xdf/wiki/Meta-Data), so LabRecorder stores them beside the data. A stream without a
fixed rate has a sample for every analysed frame in which its face is visible.
"""

import platform
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferapp.studies.live_output.face_output import clock_offset
from ferapp.studies.live_output.face_values import (
    Channel,
    FaceValues,
    SentModel,
    channels,
    values_in_order,
)
from ferapp.studies.live_output.output_target import LSL, check_installed
from trainer.errors import FerError

if TYPE_CHECKING:
    from pylsl import StreamInfo, StreamOutlet

FACE_TYPE, MARKER_TYPE = "FacialExpression", "Markers"
MARKERS = "ferapp markers"
NOBODY = "No program receives it yet."
NO_LIBRARY = (
    "LSL's own library (liblsl) is missing or cannot be loaded",
    "pylsl brings it for Windows, macOS and 64-bit Intel Linux with glibc 2.35 or later. Elsewhere "
    "install liblsl (conda-forge, or github.com/sccn/liblsl/releases), or point PYLSL_LIB at it.",
)


def stream_name(seat: int) -> str:
    return f"ferapp face {seat}"


class LslOutput:
    """Offers `faces` streams from the first model on, and more when more faces are there.

    LabRecorder records the streams that exist when it starts, so they exist before the faces.
    The time of a sample is when its picture arrived, by `local_clock`: the difference between the
    two clocks is measured once.
    """

    def __init__(self, faces: int) -> None:
        self._lsl = _load_pylsl()
        self._offset = clock_offset(self._lsl.local_clock)
        self._faces = faces
        self._model: SentModel | None = None
        self._channels: tuple[Channel, ...] = ()
        self._outlets: dict[int, StreamOutlet] = {}
        marker = Channel("marker", "Marker", "text")
        self._markers: StreamOutlet | None = self._outlet(MARKERS, MARKER_TYPE, (marker,))

    @property
    def notice(self) -> str:
        everything = (*self._outlets.values(), self._markers)
        is_received = any(one is not None and one.have_consumers() for one in everything)
        return "" if is_received else NOBODY

    def use_model(self, model: SentModel) -> None:
        self._outlets.clear()  # receivers learn that the streams have ended
        self._model, self._channels = model, channels(model)
        for seat in range(1, self._faces + 1):
            self._add_stream(seat)

    def send(self, faces: Mapping[int, FaceValues], capture_time: float) -> None:
        assert self._model is not None
        for seat, face in faces.items():
            if seat not in self._outlets:
                self._add_stream(seat)
            values = values_in_order(self._model, face)
            self._outlets[seat].push_sample(values, capture_time + self._offset)

    def marker(self, text: str, capture_time: float) -> None:
        if self._markers is not None:
            self._markers.push_sample([text], capture_time + self._offset)

    def close(self) -> None:
        self._outlets.clear()
        self._markers = None

    def _add_stream(self, seat: int) -> None:
        self._outlets[seat] = self._outlet(stream_name(seat), FACE_TYPE, self._channels)

    def _outlet(self, name: str, kind: str, content: tuple[Channel, ...]) -> "StreamOutlet":
        """Its source id is the same after a restart, so receivers find it again; with other
        labels it is another source, whose numbers must not continue the old ones.
        """
        is_text = kind == MARKER_TYPE
        model = self._model.name if self._model is not None and not is_text else ""
        labels = "\n".join((model, *(channel.label for channel in content)))
        info = self._lsl.StreamInfo(
            name=name,
            type=kind,
            channel_count=len(content),
            nominal_srate=self._lsl.IRREGULAR_RATE,
            channel_format=self._lsl.cf_string if is_text else self._lsl.cf_float32,
            source_id=f"{platform.node()} {name} {zlib.crc32(labels.encode()):08x}",
        )
        _describe(info, content, model)
        return self._lsl.StreamOutlet(info)


def _describe(info: "StreamInfo", content: tuple[Channel, ...], model: str) -> None:
    described = info.desc()
    listed = described.append_child("channels")
    for channel in content:
        one = listed.append_child("channel")
        one.append_child_value("label", channel.label)
        one.append_child_value("type", channel.kind)
        one.append_child_value("unit", channel.unit)
    acquisition = described.append_child("acquisition")
    acquisition.append_child_value("manufacturer", "ferapp")
    if model:
        acquisition.append_child_value("model", model)
        synchronization = described.append_child("synchronization")
        synchronization.append_child_value("can_drop_samples", "true")  # a slow analysis skips


def _load_pylsl() -> Any:
    """Raises FerError where the package, or the library it needs, is missing."""
    check_installed(LSL)
    try:
        import pylsl
    except (OSError, RuntimeError, AttributeError) as error:  # AttributeError: a library too old
        raise FerError(*NO_LIBRARY) from error
    return pylsl
