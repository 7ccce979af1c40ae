"""Action unit maps of a whole data set on disk, for those who want them outside of training.

Training draws them batch by batch where it runs and needs no such file.
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
PART = 512


def write_heatmaps(
    data: FaceData, folder: Path, report: Callable[[int, int], None] = lambda done, total: None
) -> Path:
    """Write (N, 48, 48) uint8, 255 being 1: each sample's map of its label in its aligned crop.

    All zero without landmarks, and of neutral. In the order of the prepared folder's samples.
    """
    size = Preprocessing().crop_size
    landmarks = align_all(data, Preprocessing(), memory=0).landmarks
    shown = expressions_of(data.classes)[torch.from_numpy(data.label)]
    maps = np.zeros((len(data), size, size), np.uint8)
    for start in range(0, len(data), PART):
        part = slice(start, start + PART)
        heat = au_heatmap(landmarks[part], size, shown[part])
        maps[part] = (heat * 255).round().byte().numpy()
        report(min(start + PART, len(data)), len(data))
    write_atomic(folder / FILE, lambda stream: np.save(stream, maps))
    return folder / FILE
