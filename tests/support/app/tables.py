"""Tables of faces, written without a model."""

from pathlib import Path

import numpy as np

from ferapp.sources.recorded import RecordedTable
from ferapp.vision.signals import SIGNALS
from trainer.labels import EXPRESSIONS

NO_FACES = RecordedTable(
    file=Path("/r/faces.csv"),
    classes=EXPRESSIONS,
    numbers=(),
    times=(),
    files=(),
    first=np.zeros(1, np.int64),
    face_ids=np.empty(0, np.int64),
    boxes=np.empty((0, 4), np.float32),
    probabilities=np.empty((0, len(EXPRESSIONS)), np.float32),
    signals=np.empty((0, len(SIGNALS)), np.float32),
    measures=np.empty((0, 5), np.float32),
    valence_arousal=None,
    doubts=(),
)
