"""What two predictions of one face say: answers, maps, and how far they agree. No Qt."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.overlays.overlay_style import displayed_map
from ferapp.vision.map_agreement import map_correlation, map_difference, resample_map
from ferapp.vision.types import Face, Prediction

OPPOSED = 0.0  # correlation below which the maps of one model disagree


@dataclass(frozen=True, slots=True)
class FaceComparison:
    """`answers` are the leading classes. `explained` are the classes that the maps explain.

    `correlation` is Pearson's r of the displayed maps, NaN without two maps; `difference` (S, S) is
    theirs in the crop of the first model, see `map_difference`.
    """

    first: Prediction
    second: Prediction
    answers: tuple[str, str]
    has_one_model: bool = False
    explained: tuple[str, str] | None = None
    correlation: float = math.nan
    difference: NDArray[np.float32] | None = None

    @property
    def agree(self) -> bool:
        return self.answers[0] == self.answers[1]

    @property
    def disagreement(self) -> tuple[str, str] | str | None:
        """Two answers, or "maps" where the maps of one model are opposed; None if both agree."""
        if not self.agree:
            return self.answers
        return "maps" if self.has_one_model and self.correlation < OPPOSED else None


def compare_face(face: Face | None, target: str, *, one_model: bool) -> FaceComparison | None:
    """Compare both predictions, with the maps that are displayed for `target`.

    Those of one model have one answer: the first's, which has been smoothed for longer.
    """
    first, second = (face.predicted_by(model) if face else None for model in (0, 1))
    if first is None or second is None:
        return None
    answer = first.classes[first.top]
    answers = answer, answer if one_model else second.classes[second.top]
    maps = displayed_map(first, target), displayed_map(second, target)
    if maps[0] is None or maps[1] is None:
        return FaceComparison(first, second, answers, one_model)
    assert first.attribution is not None
    assert second.attribution is not None
    explained = first.classes[maps[0][0]], second.classes[maps[1][0]]
    own = maps[0][1]
    other = resample_map(
        maps[1][1], second.attribution.from_frame, first.attribution.from_frame, len(own)
    )
    correlation, difference = map_correlation(own, other), map_difference(own, other)
    return FaceComparison(first, second, answers, one_model, explained, correlation, difference)
