"""Noisy linear imputation, against a dense solve and by its residual."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support import ROOT
from trainer.attribution.imputation import NOISE, impute_noisy_linear


def fill(x: Tensor, removed: Tensor) -> Tensor:
    """The imputed pictures without their noise, which has the same draws everywhere."""
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0)).to(x) * NOISE
    filled = impute_noisy_linear(x, removed, torch.Generator().manual_seed(0))
    return torch.where(removed[:, None], filled - noise, filled)


def weights_of(y: int, x: int, height: int, width: int) -> dict[tuple[int, int], float]:
    """Neighbour → weight by the paper's definition, of those inside the picture."""
    return {
        (y + dy, x + dx): (1 / 6 if 0 in (dy, dx) else 1 / 12)
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
        if (dy, dx) != (0, 0) and 0 <= y + dy < height and 0 <= x + dx < width
    }


def dense_solution(picture: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """(H, W) of one channel, equation by equation."""
    places = [tuple(place) for place in np.argwhere(hole)]
    matrix, right = np.zeros((len(places), len(places))), np.zeros(len(places))
    for row, (y, x) in enumerate(places):
        weights = weights_of(y, x, *hole.shape)
        matrix[row, row] = sum(weights.values())
        for place, weight in weights.items():
            if hole[place]:
                matrix[row, places.index(place)] -= weight
            else:
                right[row] += weight * picture[place]
    filled = picture.copy()
    filled[hole] = np.linalg.solve(matrix, right)
    return filled


def test_the_solution_is_that_of_a_dense_solve() -> None:
    """Of every picture and channel, with holes at corners and edges."""
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(3, 2, 9, 7, generator=draw, dtype=torch.float64)
    removed = torch.rand(3, 9, 7, generator=draw) < 0.6
    removed[1] = False
    removed[1, :, :5] = True  # a whole side
    removed[2] = False
    filled = fill(x, removed)
    for index in range(2):
        for channel in range(2):
            expected = dense_solution(x[index, channel].numpy(), removed[index].numpy())
            np.testing.assert_allclose(filled[index, channel].numpy(), expected, atol=1e-10)
    assert torch.equal(filled[2], x[2])


@pytest.mark.parametrize("side", [112, 224])
def test_large_contiguous_holes_are_solved_to_the_end(side: int) -> None:
    """A disc and nine tenths of the picture: each pixel is the mean of its neighbours."""
    x = torch.randn(2, 1, side, side, generator=torch.Generator().manual_seed(0)).double()
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    disc = (rows - side / 2) ** 2 + (columns - side / 2) ** 2 < (0.45 * side) ** 2
    removed = torch.stack([disc, columns < 0.9 * side])
    filled = fill(x, removed)
    kernel = torch.tensor([[1.0, 2, 1], [2, 0, 2], [1, 2, 1]], dtype=torch.float64)[None, None]
    total = torch.nn.functional.conv2d(filled, kernel, padding=1)
    share = torch.nn.functional.conv2d(torch.ones_like(filled), kernel, padding=1)
    residual = (filled - total / share)[:, 0][removed]
    assert float(residual.abs().max()) < 1e-9


def test_a_slope_is_continued_through_a_hole_of_any_size() -> None:
    """A slope meets the equations exactly; 60 steps of conjugate gradients do not reach it."""
    slope = (torch.arange(160.0)[:, None] + 2 * torch.arange(160.0))[None, None] / 100
    removed = torch.zeros(1, 160, 160, dtype=torch.bool)
    removed[0, 10:150, 10:150] = True
    assert float((fill(slope, removed) - slope).abs().max()) < 1e-4


def test_a_picture_of_which_nothing_is_left_is_grey() -> None:
    x = torch.randn(1, 3, 6, 6)
    assert float(fill(x, torch.ones(1, 6, 6, dtype=torch.bool)).abs().max()) < 1e-7


def test_scipy_is_imported_on_use() -> None:
    code = "import sys, trainer.attribution.faithfulness; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "False", done.stderr
