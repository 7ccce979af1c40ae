"""Affinity loss: values against a formula in numpy, gradients, and the centers' steps."""

import numpy as np
import pytest
import torch

from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses.dan_affinity import AffinityCenters
from trainer.losses.objective import Objective
from trainer.models import create
from trainer.models.registry import FerModel


def formula(x: np.ndarray, y: list[int], c: np.ndarray) -> float:
    """1/B Σ |x_i − c_{y_i}|² over the sum of the variances of the centers' components."""
    spread = sum(
        sum((c[k, j] - c[:, j].mean()) ** 2 for k in range(len(c))) / (len(c) - 1)
        for j in range(c.shape[1])
    )
    distances = [sum((x[i, j] - c[k, j]) ** 2 for j in range(x.shape[1])) for i, k in enumerate(y)]
    return sum(distances) / len(x) / spread


def test_the_value_equals_the_formula() -> None:
    torch.manual_seed(0)
    loss, features = AffinityCenters(3, 4).double(), torch.randn(5, 4).double()
    labels = [0, 2, 2, 1, 2]
    expected = formula(features.numpy(), labels, loss.centers.detach().numpy())
    assert float(loss(features, torch.tensor(labels)).detach()) == pytest.approx(
        expected, rel=1e-12
    )


def test_gradients_equal_finite_differences() -> None:
    torch.manual_seed(0)
    loss = AffinityCenters(3, 4).double()
    features = torch.randn(5, 4, requires_grad=True, dtype=torch.float64)
    labels = torch.tensor([0, 2, 2, 1, 2])
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), (features,))
    assert torch.autograd.gradcheck(
        lambda c: torch.func.functional_call(loss, {"centers": c}, (features.detach(), labels)),
        (loss.centers,),
    )


def test_the_centers_spread_even_without_features_apart() -> None:
    """The gradient through the variance drives them apart, where center loss lets them collapse."""
    torch.manual_seed(0)
    loss = AffinityCenters(3, 4)
    features, labels = loss.centers.detach().mean(dim=0).expand(3, 4), torch.arange(3)
    along = loss.centers.detach() - features
    loss(features, labels).backward()
    assert loss.centers.grad is not None
    distance_only = 2 * along / 3 / loss.centers.detach().var(dim=0).sum()
    pushed = ((loss.centers.grad - distance_only) * along).sum()
    assert pushed < 0  # a step against the gradient moves them outwards


def model_and_batch() -> tuple[FerModel, Batch]:
    torch.manual_seed(0)
    model = create("dan", input_size=32, size="small", heads=2)
    x = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    return model, Batch(x, torch.full((4, 68, 2), torch.nan), torch.eye(7)[[0, 3, 3, 5]])


def test_the_loss_is_that_of_the_trunk_not_of_the_heads() -> None:
    model, batch = model_and_batch()
    objective = Objective(ObjectiveConfig(affinity={"weight": 2.0}), model, batch.targets)
    value = objective(model, batch).terms["loss_affinity"]
    features = model.trunk(batch.x).mean(dim=(2, 3)).detach().double().numpy()
    centers = objective.state_dict()["affinity.centers"].double().numpy()
    assert float(value) == pytest.approx(formula(features, [0, 3, 3, 5], centers), rel=1e-4)


def test_the_centers_follow_the_gradient_of_all_processes() -> None:
    model, batch = model_and_batch()
    config = ObjectiveConfig(affinity={"weight": 2.0, "rate": 0.5})
    objective = Objective(config, model, batch.targets)
    before = objective.state_dict()["affinity.centers"].clone()
    outcome = objective(model, batch)
    (outcome.loss * 0.5).backward()  # two parts of a batch
    (objective(model, batch).loss * 0.5).backward()
    gradient = dict(objective.named_parameters())["affinity.centers"].grad
    assert gradient is not None
    expected = before - 0.5 * 3 * gradient
    objective.after_step(lambda own: 3 * own)
    moved = objective.state_dict()["affinity.centers"]
    torch.testing.assert_close(moved, expected)
    objective.after_step(lambda own: own)  # a process without samples: no gradient is left over
    torch.testing.assert_close(objective.state_dict()["affinity.centers"], moved)


def test_blends_have_no_center() -> None:
    with pytest.raises(UsageError, match=r"augment\.mixup must be 0 with objective\.affinity"):
        load_config(None, ["objective.affinity.weight=1"])
