"""The smallest square patch of a face whose hiding changes the model's answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.hidden_areas import (
    Area,
    Fill,
    Hidden,
    face_share,
    square,
    typical_face_mask,
)
from ferapp.vision.masking import hide

SIDES = (4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24)  # px of a typical face, whose eyes are 24 apart
BATCH = 16  # patches that are classified at once
_INSIDE = 0.9  # of a patch, at least, is on the face


@dataclass(frozen=True, slots=True)
class PatchSearchState:
    """How far a search is.

    `patches` were tested last; all up to `share` of the face were, once they are done. The answer
    is the class with index `answer`; without `patch`, `new_answer`. `probabilities` and
    `new_probabilities` (K,) are those of the whole face and of that without the patch.
    """

    answer: int
    probabilities: NDArray[np.float32]
    patches: tuple[Area, ...] = ()
    tested: int = 0
    total: int = 0
    share: float = 0.0
    is_done: bool = False
    patch: Area | None = None
    new_answer: int | None = None
    new_probabilities: NDArray[np.float32] | None = None


def candidates(side: int) -> tuple[Area, ...]:
    """Square patches on a grid over the typical face, row by row; neighbours overlap."""
    face, step = typical_face_mask(), max(2, side // 2)
    size = len(face)
    edges = range(0, size - side + 1, step)
    return tuple(
        square((left + (side - 1) / 2, top + (side - 1) / 2), side)
        for top in edges
        for left in edges
        if face[top : top + side, left : left + side].mean() >= _INSIDE
    )


def find_smallest_patch(
    crop: NDArray[np.uint8],
    points: NDArray[np.floating],
    fill: Fill,
    classify: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
) -> Iterator[PatchSearchState]:
    """Search from small to large; yields after every batch, and at the end.

    `crop` (S, S) or (S, S, 3) is a model's, with its landmarks `points` (68, 2); `classify` turns N
    crops into probabilities (N, K). Of the smallest patches that change the answer, the one after
    which the old answer falls behind most. The result depends on nothing but the arguments.
    """
    whole = classify(crop[None])[0]
    answer = int(whole.argmax())
    by_side = [candidates(side) for side in SIDES]
    total, tested, share = sum(map(len, by_side)), 0, 0.0
    state = PatchSearchState(answer, whole, total=total)
    for patches in by_side:
        best: tuple[float, Area, NDArray[np.float32]] | None = None
        for start in range(0, len(patches), BATCH):
            batch = patches[start : start + BATCH]
            masked = [hide(crop, points, Hidden((patch,), fill))[0] for patch in batch]
            results = classify(np.stack(masked))
            for patch, result in zip(batch, results, strict=True):
                lead = float(result.max() - result[answer])  # 0 while the answer is the same
                if lead > 0 and (best is None or lead > best[0]):
                    best = lead, patch, result
            tested += len(batch)
            state = PatchSearchState(answer, whole, batch, tested, total, share)
            yield state
        share = max((face_share((patch,)) for patch in patches), default=share)
        if best is not None:
            _, patch, result = best
            share, new = face_share((patch,)), int(result.argmax())
            yield PatchSearchState(
                answer, whole, (), tested, total, share, True, patch, new, result
            )
            return
    yield PatchSearchState(answer, whole, (), tested, total, share, is_done=True)
