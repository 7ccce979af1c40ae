"""Relative Uncertainty Learning: the mixture and the add-up loss against their formulas."""

import pytest
import torch
from torch import nn

from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses.objective import Objective
from trainer.losses.relative_uncertainty import Uncertainty, mix_by_uncertainty
from trainer.models import create

TARGETS = torch.eye(7)[torch.tensor([0, 3, 3, 6])]


def built() -> tuple[nn.Module, Objective]:
    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1], dropout=0.0).eval()
    config = ObjectiveConfig(label_smoothing=0, rul={"weight": 1.0, "dropout": 0.0})
    return model, Objective(config, model, TARGETS)


def batch(count: int = 4) -> Batch:
    x = torch.randn(count, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    return Batch(x, torch.full((count, 68, 2), torch.nan), TARGETS[:count])


def test_the_more_uncertain_face_has_the_larger_share() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]])
    uncertainty = torch.tensor([[1.0], [3.0], [1.0]])
    mixed = mix_by_uncertainty(features, uncertainty, torch.tensor([1, 0, 2]))
    torch.testing.assert_close(mixed, torch.tensor([[0.25, 0.75], [0.25, 0.75], [2.0, 2.0]]))


def test_the_uncertainty_is_the_mean_of_the_variances() -> None:
    torch.manual_seed(0)
    branch, embedding = Uncertainty(5, dropout=0.0).double(), torch.randn(6, 5).double()
    linear, norm = branch.layers[2], branch.layers[3]

    def normalised(x: torch.Tensor) -> torch.Tensor:
        return (x - x.mean(0)) / (x.var(0, correction=0) + 2e-5).sqrt()

    hidden = normalised(normalised(embedding) @ linear.weight.T + linear.bias)
    expected = (norm.weight * hidden + norm.bias).exp().mean(dim=1, keepdim=True)
    torch.testing.assert_close(branch(embedding), expected)


def test_the_value_is_the_add_up_loss_of_both_labels() -> None:
    model, objective = built()
    torch.manual_seed(5)
    outcome = objective(model, batch())
    torch.manual_seed(5)
    order = torch.randperm(4)
    assert (order != torch.arange(4)).any()
    embedding = model.embed(batch().x)
    sigma = objective.rul(embedding)
    share = sigma / (sigma + sigma[order])
    logits = model.classify(share * embedding + (1 - share) * embedding[order])
    labels = TARGETS.argmax(dim=1)
    both = [nn.functional.cross_entropy(logits, each) for each in (labels, labels[order])]
    torch.testing.assert_close(outcome.loss, (both[0] + both[1]) / 2)
    torch.testing.assert_close(outcome.logits, model(batch().x))  # accuracy is of unmixed faces
    outcome.loss.backward()
    assert objective.rul.layers[2].weight.grad.any()


def test_uncertainty_grows_where_a_label_is_only_found_in_a_faces_features() -> None:
    """Two clear faces and two whose features say little: these must get the larger share."""
    torch.manual_seed(0)
    features = torch.cat([3 * torch.eye(4)[:2], 0.3 * torch.eye(4)[2:]]).repeat(8, 1)
    labels = torch.arange(4).repeat(8)
    branch = Uncertainty(4, dropout=0.0)
    optimizer = torch.optim.Adam(branch.parameters(), lr=0.01)
    for _ in range(150):
        order = torch.randperm(len(labels))
        logits = mix_by_uncertainty(features, branch(features), order)
        loss = sum(
            nn.functional.cross_entropy(5 * logits, each) for each in (labels, labels[order])
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    sigma = branch(features).detach()[:4, 0]
    assert sigma[2:].min() > sigma[:2].max()


def test_a_single_face_has_a_plain_cross_entropy() -> None:
    model, objective = built()
    outcome = objective(model, batch(1))
    torch.testing.assert_close(outcome.loss.detach(), outcome.terms["loss_cross_entropy"])


def test_two_losses_in_place_of_the_cross_entropy_are_refused() -> None:
    with pytest.raises(UsageError, match=r"objective\.scn and objective\.rul both replace"):
        load_config(None, ["objective.scn.weight=1", "objective.rul.weight=1", "augment.mixup=0"])
