"""Clips among the samples: consecutive frames with one label, of which some are looked at."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from trainer.data.face_data import FaceData
from trainer.errors import UsageError

FRAMES = 16  # of a clip, as the published protocols take


def spread(count: int, frames: int = FRAMES) -> NDArray[np.int64]:
    """(frames,) places of frames in a clip of `count`, from its first to its last.

    A shorter clip repeats some.
    """
    return np.rint(np.linspace(0, count - 1, frames)).astype(np.int64)


def in_order(names: Sequence[str]) -> list[str]:
    """File names by the numbers in them: 2 before 10."""

    def key(name: str) -> list[tuple[int, str]]:
        parts = re.split(r"(\d+)", PurePosixPath(name).name)
        return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]

    return sorted(names, key=key)


def clip_rows(data: FaceData) -> NDArray[np.int64]:
    """(clips, FRAMES) samples of each clip, in time; the clips in the order of the data."""
    if data.clip is None:
        raise UsageError(
            f"{data.name} has no clips, which this network learns from",
            "DFEW's and FERV39k's layouts have them. For pictures choose another recipe.",
        )
    _, first, inverse = np.unique(data.clip, return_index=True, return_inverse=True)
    members = np.split(np.argsort(inverse, kind="stable"), np.cumsum(np.bincount(inverse))[:-1])
    return np.stack([members[number][spread(len(members[number]))] for number in np.argsort(first)])


def one_a_clip(data: FaceData, rows: NDArray[np.int64]) -> FaceData:
    """The middle frame of each of `rows` (clips, FRAMES), which stands for its clip."""
    return data.select(rows[:, rows.shape[1] // 2])
