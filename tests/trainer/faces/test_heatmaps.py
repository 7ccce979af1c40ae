"""Landmark heatmaps, and the names that others import from `trainer.faces`."""

import inspect
import subprocess
import sys

import pytest
import torch

from tests.support import ROOT
from trainer.faces import au_heatmap, au_valid, landmark_heatmap


def test_the_package_exports_its_heatmaps() -> None:
    assert [*inspect.signature(landmark_heatmap).parameters] == [
        "points",
        "size",
        "sigma",
        "reduce",
    ]
    assert [*inspect.signature(au_heatmap).parameters] == [
        "points",
        "size",
        "expression",
        "codebook",
    ]
    assert [*inspect.signature(au_valid).parameters] == ["expression"]
    points = torch.rand(2, 68, 2) * 24
    assert landmark_heatmap(points, 24, 2.0, "sum").shape == (2, 24, 24)
    assert au_heatmap(points, 24, "happy", codebook="paper").shape == (2, 24, 24)


def test_the_package_loads_no_torch_before_a_heatmap_is_used() -> None:
    code = (
        "import sys, trainer.faces.points; before = 'torch' in sys.modules\n"
        "from trainer.faces import au_valid; print(before, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "True"], done.stderr


@pytest.mark.parametrize("reduce", ["max", "sum"])
def test_the_heatmap_matches_its_formula(reduce: str) -> None:
    points = torch.tensor([[[2.0, 5.0], [3.0, 1.5]]])
    heat = landmark_heatmap(points, 8, sigma=1.5, reduce=reduce)  # type: ignore[arg-type]
    rows, columns = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    each = torch.stack(
        [torch.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * 1.5**2)) for x, y in points[0]]
    )
    expected = each.amax(0) if reduce == "max" else each.sum(0)
    torch.testing.assert_close(heat[0], expected)
    assert torch.equal(landmark_heatmap(points, 8), landmark_heatmap(points, 8, 0.027 * 8))
