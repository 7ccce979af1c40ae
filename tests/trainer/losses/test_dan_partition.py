"""Partition loss: values against a formula in numpy, its direction, and what it needs."""

import numpy as np
import pytest
import torch

from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses.dan_partition import partition_loss
from trainer.losses.objective import Objective
from trainer.models import create


def test_the_value_equals_the_formula() -> None:
    heads = np.random.default_rng(0).normal(size=(5, 4, 6))
    variances = [
        sum((heads[i, h, j] - heads[i, :, j].mean()) ** 2 for h in range(4)) / 3
        for i in range(5)
        for j in range(6)
    ]
    expected = np.log(1 + 4 / np.mean(variances))
    assert float(partition_loss(torch.from_numpy(heads))) == pytest.approx(expected, rel=1e-5)


def test_heads_are_driven_apart() -> None:
    torch.manual_seed(0)
    heads = torch.randn(3, 4, 5, requires_grad=True)
    before = partition_loss(heads)
    before.backward()
    assert heads.grad is not None
    apart = heads.detach() - 0.1 * heads.grad
    assert partition_loss(apart) < before
    assert apart.var(dim=1).mean() > heads.var(dim=1).mean()
    assert float(partition_loss(torch.ones(2, 4, 3))) > 10  # equal heads: large, and finite
    assert float(partition_loss(torch.randn(2, 1, 3))) == 0


def test_it_is_computed_from_the_heads_after_fusion() -> None:
    torch.manual_seed(0)
    model = create("dan", input_size=32, size="small", heads=3).eval()
    x, targets = torch.randn(4, 1, 32, 32), torch.eye(7)[:4]
    objective = Objective(ObjectiveConfig(partition={"weight": 1.0}), model, targets)
    outcome = objective(model, Batch(x, torch.full((4, 68, 2), torch.nan), targets))
    features = model.trunk(x)
    heads = torch.stack([head(features) for head in model.heads], dim=1).log_softmax(dim=1)
    torch.testing.assert_close(outcome.terms["loss_partition"], partition_loss(heads).detach())


@pytest.mark.parametrize(("network", "options"), [("compact", {}), ("dan", {"heads": 0})])
def test_a_network_without_heads_is_refused(network: str, options: dict[str, int]) -> None:
    model = create(network, input_size=44, **options)
    with pytest.raises(UsageError, match="no attention heads") as caught:
        Objective(ObjectiveConfig(partition={"weight": 1.0}), model, torch.eye(7))
    assert "model.name=dan" in caught.value.hint
