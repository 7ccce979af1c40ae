"""The live outputs that run: fed by the analysis and by the recording, which they never delay."""

from collections.abc import Callable
from dataclasses import replace

from ferapp.live.model_loader import LoadedModel
from ferapp.live.status import OutputStatus
from ferapp.studies.live_output.face_output import FaceOutput
from ferapp.studies.live_output.face_values import Seats, SentModel, face_values
from ferapp.studies.live_output.output_target import OutputTarget
from ferapp.studies.live_output.sender import Sender
from ferapp.vision.types import Analysis

NOT_YET = "It begins when the model is ready and a source plays."
STORED = "What plays has stored results, which are not sent."
FALLBACK = "The demo clip plays in place of the source, and is not sent."

OpenOutput = Callable[[OutputTarget, int], FaceOutput]  # with the number of faces


def open_output(target: OutputTarget, faces: int) -> FaceOutput:
    """Raises FerError with the reason where it cannot be opened. Imports what it needs."""
    if target.kind == "lsl":
        from ferapp.studies.live_output.lsl_output import LslOutput

        return LslOutput(faces)
    from ferapp.studies.live_output.osc_output import OscOutput

    return OscOutput(target)


class LiveOutputs:
    """At most one output of each kind. What can be recorded can be sent."""

    def __init__(self, open_output: OpenOutput = open_output) -> None:
        self._open = open_output
        self._senders: tuple[Sender, ...] = ()  # replaced as a whole: other threads read it
        self._model: SentModel | None = None  # of the newest frame that had one
        self._seats = Seats()
        self._waits = NOT_YET

    @property
    def status(self) -> tuple[OutputStatus, ...]:
        """Those that run, and those that ended by themselves, until they are stopped or restarted.

        One that waits says for what.
        """
        return tuple(
            replace(status, notice=status.notice or self._waits)
            for status in (sender.status for sender in self._senders)
        )

    @property
    def is_active(self) -> bool:
        return any(not sender.status.over for sender in self._senders)

    def start(self, target: OutputTarget, faces: int) -> None:
        """`faces` is how many there will be at most; a running output of this kind is replaced."""
        others, before = self._without(target)
        sender = Sender(target, lambda target: self._open(target, faces), before)
        self._senders = (*others, sender)
        sender.start()

    def stop(self, target: OutputTarget) -> None:
        self._senders, _ = self._without(target)

    def add(self, analysis: Analysis, loaded: LoadedModel | None) -> None:
        """Send one analysis, by `loaded`; called in the analysis thread.

        A frame on which the model failed is sent without probabilities.
        """
        senders = self._senders
        if not senders:
            return
        self._waits = FALLBACK if not analysis.frame.source else ""
        if analysis.is_recorded:
            self._waits = STORED
        applied = analysis.model
        if applied is not None and applied.classes and loaded is not None:
            name = loaded.classifier.card.name
            self._model = SentModel(name, applied.classes, applied.valence_arousal)
        if self._model is None:
            self._waits = self._waits or NOT_YET
        if self._waits or self._model is None:
            return
        seats = self._seats.assign(face.face_id for face in analysis.faces)
        faces = {seats[face.face_id]: face_values(face) for face in analysis.faces}
        for sender in senders:
            sender.send(self._model, faces, analysis.frame.captured_at)

    def marker(self, kind: str, note: str, moment: float) -> None:
        """An event of the recording; `moment` is of time.perf_counter()."""
        for sender in self._senders:
            sender.marker(f"{kind}: {note}" if note else kind, moment)

    def close(self) -> None:
        senders, self._senders = self._senders, ()
        for sender in senders:
            sender.end()
        for sender in senders:
            sender.join()

    def _without(self, target: OutputTarget) -> tuple[tuple[Sender, ...], Sender | None]:
        """The senders of other kinds; and the one of this kind, which ends."""
        others = tuple(one for one in self._senders if one.target.kind != target.kind)
        ended = next((one for one in self._senders if one.target.kind == target.kind), None)
        if ended is not None:
            ended.end()
        return others, ended
