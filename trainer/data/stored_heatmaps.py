"""Action unit maps of a whole data set on disk, for use outside of training.

Training itself draws them batch by batch on its device.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from trainer.card import Preprocessing
from trainer.data.crops import align_all
from trainer.data.face_data import FaceData
from trainer.faces.action_units import au_heatmap, expressions_of
from trainer.files import write_atomic

FILE = "heatmaps.npy"
CHUNK = 512


def write_heatmaps(
    data: FaceData, folder: Path, report: Callable[[int, int], None] = lambda done, total: None
) -> Path:
    """Write each sample's map for its label: (N, 48, 48) uint8, 255 is 1, in the aligned crop.

    In the order of the prepared folder; zero for neutral and without landmarks.
    """
    size = Preprocessing().crop_size
    landmarks = align_all(data, Preprocessing(), memory=0).landmarks
    expressions = expressions_of(data.classes)[torch.from_numpy(data.label)]
    maps = np.zeros((len(data), size, size), np.uint8)
    for start in range(0, len(data), CHUNK):
        rows = slice(start, start + CHUNK)
        heat = au_heatmap(landmarks[rows], size, expressions[rows])
        maps[rows] = (heat * 255).round().byte().numpy()
        report(min(start + CHUNK, len(data)), len(data))
    write_atomic(folder / FILE, lambda stream: np.save(stream, maps))
    return folder / FILE
