"""What an audience is told about an analysis: one word, the bars, who is followed. No Qt."""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ferapp.live.status import LiveStatus
from ferapp.overlays.label_text import change_text
from ferapp.overlays.overlay_style import target_class
from ferapp.ui.text.class_words import Language
from ferapp.vision.types import Analysis, Face, Prediction

LEAD = 0.03  # of another class from which on the word changes
GONE_S = 0.8  # a face out of sight for less does not change the word


class Tone(Enum):
    SURE = "sure"
    DOUBT = "doubt"
    MESSAGE = "message"  # no expression at all: there is no face, or no model yet


@dataclass(frozen=True, slots=True)
class Readout:
    """`top` is the class of the word, `explained` one that the presenter chose to explain.

    `probabilities` (K,) are the displayed ones of `classes`; None without a face. `effect` is what
    hiding parts of the face does to the answer, `Sad 83 → 38 %`.
    """

    word: str
    tone: Tone
    classes: tuple[str, ...] = ()
    probabilities: NDArray[np.float32] | None = None
    top: int | None = None
    explained: int | None = None
    effect: str = ""


class ReadoutMaker:
    """Keeps the word calm: between two classes about as probable it stays with the first."""

    def __init__(self) -> None:
        self._top: int | None = None
        self._key: tuple[object, ...] = ()  # whose word it is: segment, face, classes
        self.last: Readout | None = None  # of a face
        self._seen: tuple[int, float] = (-1, 0.0)  # segment and time of the last face

    def read(
        self, analysis: Analysis | None, status: LiveStatus, language: Language, target: str
    ) -> Readout:
        """`target` is what the attribution explains, as in an OverlayStyle."""
        face = analysis.selected_face if analysis is not None else None
        if analysis is None or not analysis.classes:
            return Readout(language.wait if _is_loading(status) else "", Tone.MESSAGE)
        if status.source.waiting:  # the source was lost: what is on the screen is its last picture
            self._top = None
            return Readout(language.wait, Tone.MESSAGE, analysis.classes)
        if face is None or face.prediction is None:
            segment, time_s = self._seen
            frame = analysis.frame
            is_blink = frame.segment == segment and frame.time_s - time_s < GONE_S
            if self.last is not None and is_blink:
                return self.last
            self._top = None
            return Readout(language.no_face, Tone.MESSAGE, analysis.classes)
        self._seen = analysis.frame.segment, analysis.frame.time_s
        self.last = self._read_face(analysis, face, face.prediction, language, target)
        return self.last

    def _read_face(
        self,
        analysis: Analysis,
        face: Face,
        prediction: Prediction,
        language: Language,
        target: str,
    ) -> Readout:
        key = (analysis.frame.segment, face.face_id, prediction.classes)
        smoothed, leader = prediction.smoothed, prediction.top
        if key != self._key or self._top is None:
            self._key, self._top = key, leader
        elif smoothed[leader] - smoothed[self._top] >= LEAD:
            self._top = leader
        word = language.word(prediction.classes[self._top])
        is_doubtful = bool(face.issues())
        is_chosen = target == "runner_up" or target in prediction.classes
        return Readout(
            language.doubted(word) if is_doubtful else word,
            Tone.DOUBT if is_doubtful else Tone.SURE,
            prediction.classes,
            smoothed,
            self._top,
            target_class(prediction, target) if is_chosen else None,
            change_text(prediction, language.word),
        )


def _is_loading(status: LiveStatus) -> bool:
    """Whether a model or a picture is still to come, rather than failed."""
    return not status.model.notice and not status.source.notice
