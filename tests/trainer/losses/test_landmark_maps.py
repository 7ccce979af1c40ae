"""The loss that teaches landmarks: values in numpy, places, and faces without landmarks."""

import numpy as np
import pytest
import torch

from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses.landmark_maps import (
    expected_points,
    in_cells,
    landmark_map_loss,
    landmark_targets,
)
from trainer.losses.objective import Objective
from trainer.models import create

SIDE, CELLS = 32, 8


def test_points_and_cells_share_their_edges() -> None:
    """The first pixel's left edge is the first cell's; cells are four pixels wide."""
    points = torch.tensor([[-0.5, 1.5], [31.5, 15.5]])
    expected = torch.tensor([[-0.5, 0.0], [7.5, 3.5]])
    torch.testing.assert_close(in_cells(points, SIDE, CELLS), expected)


def test_the_value_equals_the_formula() -> None:
    draw = np.random.default_rng(0)
    scores = draw.normal(size=(2, 3, CELLS, CELLS))
    points = draw.uniform(0, SIDE - 1, (2, 3, 2))
    values = []
    for b in range(2):
        for p in range(3):
            x, y = (points[b, p] + 0.5) / 4 - 0.5
            rows, columns = np.mgrid[:CELLS, :CELLS]
            target = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (0.1 * CELLS) ** 2))
            share = np.exp(scores[b, p]) / np.exp(scores[b, p]).sum()
            values.append(-(target / target.sum() * np.log(share)).sum())
    loss = landmark_map_loss(torch.from_numpy(scores), torch.from_numpy(points), SIDE, 0.1)
    assert float(loss) == pytest.approx(np.mean(values), rel=1e-9)


def test_landmarks_that_are_missing_or_outside_stay_out() -> None:
    torch.manual_seed(0)
    scores = torch.randn(3, 2, CELLS, CELLS, requires_grad=True)
    points = torch.full((3, 2, 2), 10.0)
    points[1] = torch.nan
    points[2, 1] = torch.tensor([10.0, 40.0])
    loss = landmark_map_loss(scores, points, SIDE, 0.1)
    loss.backward()
    alone = [
        landmark_map_loss(scores[i : i + 1, j : j + 1], points[i : i + 1, j : j + 1], SIDE, 0.1)
        for i, j in ((0, 0), (0, 1), (2, 0))
    ]
    torch.testing.assert_close(loss, torch.stack(alone).mean())
    assert scores.grad is not None
    assert (scores.grad[1] == 0).all()
    assert (scores.grad[2, 1] == 0).all()
    none = landmark_map_loss(scores, torch.full((3, 2, 2), torch.nan), SIDE, 0.1)
    assert float(none.detach()) == 0


def test_the_best_maps_are_at_the_landmarks() -> None:
    points = torch.tensor([[[2.0, 5.0], [4.5, 3.0]]])
    maps = landmark_targets(points, CELLS, 0.8)
    torch.testing.assert_close(maps.sum(dim=(2, 3)), torch.ones(1, 2))
    assert int(maps[0, 0].argmax()) == 5 * CELLS + 2  # row y, column x
    torch.testing.assert_close(expected_points(maps.log()), points, atol=0.05, rtol=0)


def test_the_network_learns_where_the_landmarks_are() -> None:
    torch.manual_seed(0)
    model = create("poster_lite", input_size=SIDE, widths=[8, 16], depth=1)
    targets = torch.eye(7)[[0, 1, 2, 3]]
    places = torch.tensor([[6.0, 8.0], [24.0, 10.0], [8.0, 26.0], [20.0, 20.0]])
    x = torch.zeros(4, 1, SIDE, SIDE)
    for picture, (column, row) in zip(x, places.long().tolist(), strict=True):
        picture[0, row - 2 : row + 3, column - 2 : column + 3] = 3.0
    batch = Batch(x, places[:, None].expand(-1, 68, -1), targets)
    objective = Objective(ObjectiveConfig(landmarks={"weight": 1.0}), model, targets)
    optimizer = torch.optim.Adam(model.landmarks.parameters(), lr=0.02)
    errors = []
    for _ in range(40):
        outcome = objective(model, batch)
        errors.append(float(outcome.terms["landmark_error"]))
        outcome.loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert 0.15 < errors[0] < 0.5  # about the distance of the points from the middle
    assert errors[-1] < 0.05


def test_a_network_without_landmark_maps_is_refused() -> None:
    with pytest.raises(UsageError, match="draws no landmark maps") as caught:
        Objective(ObjectiveConfig(landmarks={"weight": 1.0}), create("compact"), torch.eye(7))
    assert "poster_lite" in caught.value.hint
