"""Noisy linear imputation (Rong et al., ICML 2022): fills removed pixels from their neighbours."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from scipy.sparse import csc_array

NOISE = 0.01  # σ of the noise on imputed pixels
# (row, column) of a neighbour → its weight: 1/6 beside, above and below, 1/12 at the corners
WEIGHTS = {
    (dy, dx): 1 / 12 if dy and dx else 1 / 6 for dy in (-1, 0, 1) for dx in (-1, 0, 1) if dy or dx
}


def impute_noisy_linear(x: Tensor, removed: Tensor, generator: torch.Generator) -> Tensor:
    """x (B, C, H, W) with `removed` (B, H, W) pixels as the weighted mean of their neighbours.

    Every removed pixel gives one equation; those of a picture are solved exactly, whatever the
    size and shape of the hole. At the picture's edge the neighbours that exist share the weight.
    A picture of which nothing is left becomes grey (0). Noise of σ = 0.01 is added.
    """
    filled = x.detach().cpu().double().numpy().copy()
    for picture, hole in zip(filled, removed.cpu().numpy(), strict=True):
        if hole.any():
            picture[:, hole] = 0.0 if hole.all() else _solve(picture, hole)
    noise = torch.randn(x.shape, generator=generator).to(x) * NOISE
    return torch.where(removed[:, None], torch.from_numpy(filled).to(x) + noise, x.detach())


def _solve(picture: NDArray[np.float64], hole: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The values (C, n) of the n removed pixels of one picture (C, H, W)."""
    from scipy.sparse.linalg import splu

    matrix, right = linear_system(picture, hole)
    # symmetric and diagonally dominant: it needs no pivots, and this order keeps the factors small
    options = {"SymmetricMode": True}
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    return np.asarray(factors.solve(right).T, np.float64)


def linear_system(
    picture: NDArray[np.float64], hole: NDArray[np.bool_]
) -> tuple["csc_array", NDArray[np.float64]]:
    """A (n, n) and b (n, C) of A v = b for the n removed pixels, row by row, of (C, H, W)."""
    from scipy.sparse import csc_array

    count, (height, width) = int(hole.sum()), hole.shape
    number = np.full(hole.shape, -1)
    number[hole] = np.arange(count)
    numbers = np.pad(number, 1, constant_values=-2)  # −1: a pixel that is left, −2: outside
    known = np.pad(np.where(hole, 0.0, picture), ((0, 0), (1, 1), (1, 1)))
    diagonal, right = np.zeros(count), np.zeros((count, len(picture)))
    parts = []  # weights, rows and columns
    for (dy, dx), weight in WEIGHTS.items():
        window = (slice(1 + dy, 1 + dy + height), slice(1 + dx, 1 + dx + width))
        neighbour = numbers[window][hole]
        diagonal += weight * (neighbour != -2)
        right += weight * known[:, *window][:, hole].T
        rows = np.flatnonzero(neighbour >= 0)
        parts.append((np.full(len(rows), -weight), rows, neighbour[rows]))
    parts.append((diagonal, np.arange(count), np.arange(count)))
    values, rows, columns = (np.concatenate(part) for part in zip(*parts, strict=True))
    return csc_array((values, (rows, columns)), shape=(count, count)), right
