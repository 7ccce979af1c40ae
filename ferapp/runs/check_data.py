"""Looks at a data set before a training begins. Called in the desk's thread."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ferapp.runs.data_check import DataCheck
from ferapp.sources.heavy_imports import load_opencv

SHEET = 8  # faces of each class


def check_data(source: Path, say: Callable[[str], None] = lambda _: None) -> DataCheck:
    """Read the data set, prepared in the cache if need be. Raises DataError with the reason."""
    load_opencv()
    from trainer.data.prepare import open_data

    stages = {"reading": "Reading picture", "landmarks": "Finding landmarks"}
    data = open_data(
        source.expanduser(),
        progress=lambda stage, done, total: say(f"{stages.get(stage, stage)} {done} of {total} …"),
    )
    say("Looking for copies …")
    draw = np.random.default_rng(0)
    shown = data.split == "train" if (data.split == "train").any() else np.ones(len(data), bool)
    sheets = {}
    for index, name in enumerate(data.classes):
        members = np.flatnonzero(shown & (data.label == index))
        chosen = np.sort(draw.permutation(members)[:SHEET])
        sheets[name] = tuple(np.asarray(data.images[int(row)], np.uint8) for row in chosen)
    return DataCheck(
        name=data.name,
        classes=data.classes,
        counts=data.class_counts(),
        samples=len(data),
        without_landmarks=int((~data.has_landmarks).sum()),
        with_votes=int((~np.isnan(data.votes[:, 0])).sum()),
        leaked=int(data.leaked().sum()),
        conflicting=data.conflicting(),
        skipped=data.skipped,
        sheets=sheets,
    )
