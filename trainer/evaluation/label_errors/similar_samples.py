"""Samples that look alike: nearest neighbours, pictures that exist more than once, their labels.

N samples, K classes, d numbers for each sample.
"""

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from trainer.data.face_data import FaceData
from trainer.evaluation.metrics import Floats, Ints
from trainer.evaluation.predictions import Progress, no_progress

SIDE = 16  # pixels of the small pictures that are compared
ALIKE = 0.98  # correlation of two small pictures from which on they are one photograph
BLOCK = 1024


def nearest(
    vectors: NDArray[np.floating[Any]], count: int, progress: Progress = no_progress
) -> tuple[Ints, NDArray[np.float32]]:
    """The `count` most similar other rows of (N, d), nearest first: (N, n), and their cosines.

    n is less than `count` where there are fewer other rows.
    """
    unit = F.normalize(torch.from_numpy(np.asarray(vectors, np.float32)), dim=1)
    count = min(count, len(unit) - 1)
    rows, cosines = [], []
    for start in range(0, len(unit), BLOCK):
        progress(start, len(unit))
        similar = unit[start : start + BLOCK] @ unit.T
        itself = torch.arange(len(similar))
        similar[itself, start + itself] = -torch.inf
        top = similar.topk(count, dim=1)
        rows.append(top.indices)
        cosines.append(top.values)
    progress(len(unit), len(unit))
    return torch.cat(rows).numpy(), torch.cat(cosines).numpy()


def small_pictures(data: FaceData) -> NDArray[np.float32]:
    """(N, 256) the pictures at 16 × 16 pixels, each minus its mean: cosines are correlations."""
    small = np.empty((len(data), SIDE * SIDE), np.float32)
    for row, image in enumerate(data.images):
        small[row] = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel()
    return np.asarray(small - small.mean(axis=1, keepdims=True), np.float32)


def duplicate_groups(pictures: NDArray[np.float32], progress: Progress = no_progress) -> Ints:
    """(N,) the number of each sample's group of near duplicates, from `small_pictures` (N, d).

    Copies of copies are of one group. Brightness and contrast make no difference.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, cosines = nearest(pictures, 5, progress)
    first, place = np.nonzero(cosines >= ALIKE)
    links = coo_array((np.ones(len(first)), (first, rows[first, place])), (len(rows), len(rows)))
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def neighbour_shares(label: Ints, neighbours: Ints, group: Ints, classes: int) -> Floats:
    """(N, K) shares of the labels of the `neighbours` (N, n); NaN without any.

    Those of the sample's own group of near duplicates are left out.
    """
    counted = group[neighbours] != group[:, None]
    cells = np.arange(len(label))[:, None] * classes + label[neighbours]
    votes = np.bincount(cells[counted], minlength=len(label) * classes)
    return _shares(votes.reshape(len(label), classes).astype(np.float64))


def copy_shares(label: Ints, group: Ints, classes: int) -> Floats:
    """(N, K) shares of the labels of a sample's near duplicates, its own left out; NaN if none."""
    own = np.eye(classes)[label]
    sums = np.zeros((int(group.max()) + 1, classes))
    np.add.at(sums, group, own)
    return _shares(sums[group] - own)


def _shares(counts: Floats) -> Floats:
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)
    return np.asarray(shares, np.float64)
