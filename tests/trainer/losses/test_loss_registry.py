"""Losses that a user registers take part in the objective."""

import pytest
import torch

from trainer.config.train_config import ObjectiveConfig, load_config
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses import Step, register_term
from trainer.losses.objective import Objective
from trainer.models import create

SEEN: list[Step] = []


@register_term("spread")
def spread(step: Step) -> torch.Tensor:
    SEEN.append(step)
    return step.embedding.var(dim=0).mean()


def test_a_registered_term_is_weighed_and_sees_the_batch() -> None:
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()
    targets, points = torch.eye(7)[:4], torch.full((4, 68, 2), torch.nan)
    x = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    plain = Objective(ObjectiveConfig(), model, targets)(model, Batch(x, points, targets))
    config = ObjectiveConfig(terms={"spread": 0.5})
    outcome = Objective(config, model, targets)(model, Batch(x, points, targets))
    expected = model.embed(x).var(dim=0).mean()
    torch.testing.assert_close(outcome.terms["loss_spread"], expected.detach())
    torch.testing.assert_close(outcome.loss, plain.loss + 0.5 * expected)
    step = SEEN[-1]
    assert step.features.shape[:2] == (4, 32)
    torch.testing.assert_close(step.features.mean(dim=(2, 3)), step.embedding)
    assert step.targets is targets
    unweighted = Objective(ObjectiveConfig(terms={"spread": 0.0}), model, targets)
    assert "loss_spread" not in unweighted(model, Batch(x, points, targets)).terms
    assert SEEN[-1] is step  # what has no weight costs nothing


def test_an_unknown_term_lists_the_known() -> None:
    model = create("compact")
    with pytest.raises(UsageError, match=r"objective.terms: there is no term 'sprea'") as caught:
        Objective(ObjectiveConfig(terms={"sprea": 1}), model, torch.eye(7))
    assert "spread" in str(caught.value.hint)


def test_it_is_set_on_the_command_line() -> None:
    assert load_config(None, ["objective.terms.spread=0.1"]).objective.terms == {"spread": 0.1}


def test_mirror_is_the_distance_to_the_answer_for_the_mirror_image() -> None:
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()
    targets, points = torch.eye(7)[:4], torch.full((4, 68, 2), torch.nan)
    x = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    objective = Objective(ObjectiveConfig(terms={"mirror": 2.0}), model, targets)
    outcome = objective(model, Batch(x, points, targets))
    p, q = model(x).softmax(1), model(x.flip(-1)).softmax(1)
    both = (p * (p / q).log()).sum(1) + (q * (q / p).log()).sum(1)
    torch.testing.assert_close(outcome.terms["loss_mirror"], both.detach().mean() / 2)
    assert outcome.terms["loss_mirror"] > 1e-4
    symmetric = x + x.flip(-1)
    assert objective(model, Batch(symmetric, points, targets)).terms["loss_mirror"] < 1e-9


def test_mirror_teaches_the_same_answer() -> None:
    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()
    model.classifier.weight.data *= 10
    targets, points = torch.eye(7), torch.full((7, 68, 2), torch.nan)
    batch = Batch(torch.randn(7, 1, 32, 32), points, targets)
    plain = Objective(ObjectiveConfig(), model, targets)
    mirrored = Objective(ObjectiveConfig(terms={"mirror": 1.0}), model, targets)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    distances = []
    for _ in range(10):
        alone = mirrored(model, batch).loss - plain(model, batch).loss
        distances.append(float(alone.detach()))
        optimizer.zero_grad()
        alone.backward()
        optimizer.step()
    assert distances[-1] < 0.5 * distances[0]
