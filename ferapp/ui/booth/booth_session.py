"""A round at the booth: who agreed, what is asked, the peak frame, the votes. No widgets.

Nothing of it is ever written by itself; who drops the session drops every picture.
"""

import random
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from ferapp.vision.types import Analysis, Prediction

COUNTDOWN_S = 3.0
CAPTURE_S = 2.0  # after the countdown, in which the peak is looked for


class Phase(Enum):
    CONSENT = "consent"
    INVITE = "invite"  # the expression is named, nothing is captured
    COUNTDOWN = "countdown"
    CAPTURE = "capture"
    MISSED = "missed"  # the capture saw no face
    VOTE = "vote"  # the face is shown, the model's word is not
    RESULT = "result"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Peak:
    """The frame in which the asked class is most probable; `prediction` is the followed face's."""

    analysis: Analysis
    prediction: Prediction
    share: float  # the displayed probability of the asked class


@dataclass(frozen=True, slots=True)
class Strip:
    """One challenge. `probabilities` (K,) are the displayed ones of `classes` at the peak.

    `explained` is the class that `attribution` explains, "" where there is no map. `votes` are
    classes, in the order of the votes.
    """

    asked: str
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    face: QImage
    attribution: QImage
    explained: str
    votes: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What the model says."""
        return self.classes[int(self.probabilities.argmax())]

    @property
    def share(self) -> float:
        """The displayed probability of the model's word."""
        return float(self.probabilities.max())


class BoothSession:
    """Moves from phase to phase; times are seconds of one clock, given by the caller.

    `classes` are those of every model so far. Each class of the running model is asked once, in
    random order, before one is asked again.
    """

    def __init__(self, order: random.Random) -> None:
        self._order = order
        self._deck: list[str] = []
        self._began = 0.0  # of the countdown or of the capture
        self._model_classes: tuple[str, ...] = ()
        self.phase = Phase.CONSENT
        self.classes: tuple[str, ...] = ()
        self.asked = ""
        self.peak: Peak | None = None
        self.strips: list[Strip] = []

    def use_model(self, classes: tuple[str, ...]) -> None:
        """The classes that the running model knows; one that it does not is not asked."""
        if not classes or classes == self._model_classes:
            return
        self._model_classes = classes
        self.classes += tuple(name for name in classes if name not in self.classes)
        self._deck = [name for name in self._deck if name in classes]
        if self.phase is Phase.INVITE and self.asked not in classes:
            self._ask_next()

    def agree(self) -> None:
        if self.phase is Phase.CONSENT:
            self._ask_next()

    def next_person(self) -> None:
        """Ask for consent again, because somebody else steps in front of the camera."""
        self.peak, self.phase = None, Phase.CONSENT

    def begin(self, now: float) -> None:
        """Start the countdown for the expression that is asked."""
        if self.phase in (Phase.INVITE, Phase.MISSED) and self.asked in self._model_classes:
            self.peak, self.phase, self._began = None, Phase.COUNTDOWN, now

    def count(self, now: float) -> int:
        """What the countdown shows: 3, 2 or 1."""
        return max(int(np.ceil(COUNTDOWN_S - (now - self._began))), 1)

    def advance(self, now: float) -> None:
        """Let time pass: the countdown ends in the capture, and that in MISSED or with a peak.

        With a peak the phase stays CAPTURE until `add_strip`.
        """
        if self.phase is Phase.COUNTDOWN and now - self._began >= COUNTDOWN_S:
            self.phase, self._began = Phase.CAPTURE, now
        elif self.phase is Phase.CAPTURE and self._is_over(now) and self.peak is None:
            self.phase = Phase.MISSED

    def _is_over(self, now: float) -> bool:
        return now - self._began >= CAPTURE_S

    def observe(self, analysis: Analysis, now: float) -> None:
        """Keep the analysis if it is the best of the capture; at all other times it is ignored."""
        face = analysis.selected_face
        prediction = face.prediction if face is not None else None
        if self.phase is not Phase.CAPTURE or self._is_over(now) or prediction is None:
            return
        if self.asked not in prediction.classes:
            return
        share = float(prediction.smoothed[prediction.classes.index(self.asked)])
        if self.peak is None or share > self.peak.share:
            self.peak = Peak(analysis, prediction, share)

    def finished_peak(self, now: float) -> Peak | None:
        """The peak once the capture is over."""
        return self.peak if self.phase is Phase.CAPTURE and self._is_over(now) else None

    def add_strip(self, face: QImage, attribution: QImage, explained: str) -> None:
        """Keep these pictures of the peak instead of its frame."""
        assert self.peak is not None
        prediction = self.peak.prediction
        self.strips.append(
            Strip(
                self.asked,
                prediction.classes,
                prediction.smoothed.copy(),
                face,
                attribution,
                explained,
            )
        )
        self.peak, self.phase = None, Phase.VOTE

    def vote(self, number: int) -> None:
        """One more vote for the class with this number, from 1."""
        if self.phase is Phase.VOTE and 1 <= number <= len(self.classes):
            last = self.strips[-1]
            self.strips[-1] = replace(last, votes=(*last.votes, self.classes[number - 1]))

    def undo_vote(self) -> None:
        if self.phase is Phase.VOTE:
            last = self.strips[-1]
            self.strips[-1] = replace(last, votes=last.votes[:-1])

    def reveal(self) -> None:
        if self.phase is Phase.VOTE:
            self.phase = Phase.RESULT

    def delete_strip(self) -> None:
        """Delete the strip that is shown, because its person wants that; the next is asked."""
        if self.phase in (Phase.VOTE, Phase.RESULT):
            self.strips.pop()
            self._ask_next()

    def next_challenge(self) -> None:
        if self.phase in (Phase.RESULT, Phase.SUMMARY, Phase.MISSED):
            self._ask_next()

    def summarise(self) -> None:
        self.peak, self.phase = None, Phase.SUMMARY

    def _ask_next(self) -> None:
        """Without a model nothing can be asked yet: `use_model` asks later."""
        self.phase, before, self.asked = Phase.INVITE, self.asked, ""
        if not self._deck:
            self._deck = list(self._model_classes)
            self._order.shuffle(self._deck)
            if len(self._deck) > 1 and self._deck[-1] == before:
                self._deck.reverse()  # not the same twice in a row
        if self._deck:
            self.asked = self._deck.pop()

    def clear(self) -> None:
        """Delete every picture and vote."""
        self.strips.clear()
        self.peak, self.phase = None, Phase.CONSENT

    # --- the lesson -----------------------------------------------------------------------------

    def model_counts(self) -> NDArray[np.int64]:
        """(K, K): how often the model said a class (column) when one was asked (row)."""
        return self._counts([(strip.asked, strip.word) for strip in self.strips])

    def room_counts(self) -> NDArray[np.int64]:
        """(K, K): how many votes a class (column) got when one was asked (row)."""
        return self._counts([(strip.asked, vote) for strip in self.strips for vote in strip.votes])

    def _counts(self, pairs: list[tuple[str, str]]) -> NDArray[np.int64]:
        counts = np.zeros((len(self.classes), len(self.classes)), np.int64)
        for asked, answer in pairs:
            counts[self.classes.index(asked), self.classes.index(answer)] += 1
        return counts


@dataclass(frozen=True, slots=True)
class Weakness:
    """The asked class that the model recognised least; `instead` is its most frequent mistake.

    `instead` is None where the model recognised every face.
    """

    asked: int
    times: int
    recognised: int
    instead: int | None


def weakest_class(counts: NDArray[np.int64]) -> Weakness | None:
    """Of `counts` (K, K), rows asked: the class with the lowest share of correct answers.

    Of equal ones, the one that was asked most often. None if nothing was asked.
    """
    asked = [k for k in range(len(counts)) if counts[k].sum()]
    if not asked:
        return None
    weakest = min(asked, key=lambda k: (counts[k, k] / counts[k].sum(), -counts[k].sum()))
    mistakes = counts[weakest].copy()
    mistakes[weakest] = 0
    return Weakness(
        weakest,
        int(counts[weakest].sum()),
        int(counts[weakest, weakest]),
        int(mistakes.argmax()) if mistakes.any() else None,
    )
