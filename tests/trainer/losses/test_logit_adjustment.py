"""Logit adjustment: its formula, its relation to balanced softmax, and what it is for."""

import pytest
import torch
from torch import nn

from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.losses.logit_adjustment import LogitAdjusted, log_shares
from trainer.losses.loss_registry import Loss, find_loss
from trainer.losses.objective import Objective
from trainer.models import create

COUNTS = torch.tensor([40, 1, 9, 20, 20, 5, 5])
TRAINING = torch.eye(7)[torch.repeat_interleave(torch.arange(7), COUNTS)]
TARGETS = torch.eye(7)[torch.tensor([0, 1, 3, 6])]


def value(tau: float, smoothing: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss, and the network's logits."""
    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()
    config = ObjectiveConfig(label_smoothing=smoothing, logit_adjusted={"weight": 1.0, "tau": tau})
    x = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    batch = Batch(x, torch.full((4, 68, 2), torch.nan), TARGETS)
    outcome = Objective(config, model, TRAINING)(model, batch)
    return outcome.loss, outcome.logits


@pytest.mark.parametrize("tau", [0.5, 1.0, 1.5])
def test_the_value_is_that_of_the_formula(tau: float) -> None:
    loss, logits = value(tau)
    powers = logits.exp() * (COUNTS / COUNTS.sum()) ** tau
    expected = -((powers * TARGETS).sum(dim=1) / powers.sum(dim=1)).log().mean()
    torch.testing.assert_close(loss, expected)


def test_with_tau_one_it_is_the_balanced_softmax_of_the_counts() -> None:
    loss, logits = value(tau=1.0)
    balanced = nn.functional.cross_entropy(logits + COUNTS.log(), TARGETS.argmax(dim=1))
    torch.testing.assert_close(loss, balanced)
    other, _ = value(tau=0.5)
    assert abs(other - balanced) > 0.01


def test_label_smoothing_is_that_of_the_objective() -> None:
    loss, logits = value(tau=1.0, smoothing=0.1)
    adjusted = logits + (COUNTS / COUNTS.sum()).log()
    expected = nn.functional.cross_entropy(adjusted, TARGETS, label_smoothing=0.1)
    torch.testing.assert_close(loss, expected)


def test_shares_are_those_of_the_targets_votes_included() -> None:
    targets = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    shares = log_shares(targets).exp()
    torch.testing.assert_close(shares[:2], torch.tensor([0.75, 0.25]))
    assert log_shares(targets)[2] == 0  # never occurs: as in a plain cross-entropy


def test_the_logits_predict_as_if_all_classes_were_equally_frequent() -> None:
    """One feature, two classes of 90 and 10 samples: without features o must be the same."""
    targets = torch.eye(2)[torch.repeat_interleave(torch.arange(2), torch.tensor([90, 10]))]
    adjustment = log_shares(targets)
    logits = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=1.0)
    for _ in range(200):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy((logits + adjustment).expand(100, 2), targets)
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(logits[0], logits[1], atol=1e-3, rtol=0)


def test_it_says_that_it_balances_the_prior() -> None:
    assert LogitAdjusted.balances_prior
    assert find_loss("logit_adjusted").balances_prior
    assert not Loss.balances_prior
    assert not find_loss("center").balances_prior


def test_the_card_names_what_replaces_the_cross_entropy() -> None:
    adjusted = ObjectiveConfig(
        logit_adjusted={"weight": 1.0}, mirror={"weight": 0.5}, label_smoothing=0
    )
    assert adjusted.describe_classification() == "logit-adjusted cross-entropy (τ 1)"
    assert adjusted.describe() == " + 0.5 mirror"
    assert ObjectiveConfig().describe_classification() == "cross-entropy"
    assert ObjectiveConfig(rul={"weight": 2.0}).describe_classification() == (
        "2 Relative Uncertainty Learning"
    )
