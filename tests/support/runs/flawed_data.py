"""A small data set with every flaw that a check finds."""

import numpy as np

from trainer.data.face_data import FaceData
from trainer.labels import EXPRESSIONS


def flawed_data() -> FaceData:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (60, 16, 16), np.uint8)
    images[50] = images[0]  # in train and in val
    images[2] = images[1]  # twice, under two labels
    landmarks = np.zeros((60, 68, 2), np.float32)
    landmarks[:6] = np.nan
    label = np.arange(60) % 6  # no neutral
    label[50] = label[0]
    return FaceData(
        name="flawed",
        classes=EXPRESSIONS,
        images=images,
        sample_id=np.array([f"s{k}" for k in range(60)]),
        source_index=np.arange(60),
        split=np.array(["train"] * 45 + ["val"] * 15),
        label=label,
        landmarks=landmarks,
        votes=np.full((60, 7), np.nan, np.float32),
        landmark_source="files",
        skipped=("bad.jpg is truncated",),
    )
