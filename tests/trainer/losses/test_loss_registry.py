"""Registered losses take part in the objective, a user's own as the built-in ones."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.support.trainer.own_losses import registered
from trainer.config.loading import load_config, saved_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.config.sections import setting
from trainer.config.train_config import all_fields
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses import Loss, LossConfig, LossContext, Step, register_loss
from trainer.losses.objective import Objective
from trainer.models import create

STEPS: list[Step] = []


def spread(step: Step) -> Tensor:
    STEPS.append(step)
    return step.embedding.var(dim=0).mean()


class Drift(Loss):
    """Distance of the embedding from its running mean, which is saved with the run."""

    class Config(LossConfig):
        needs_landmarks = True
        needs_trained_features = True
        allowed_blends = frozenset()

        rate: float = setting(0.5, "How fast the mean follows.", gt=0, le=1)

        def describe(self) -> str:
            return f"drift at {self.rate:g}"

    config: Config

    def __init__(self, config: Any, context: LossContext) -> None:
        super().__init__(config, context)
        self.state = nn.Module()
        self.state.register_buffer("mean", torch.zeros(context.model.embedding_size))
        self.newest = self.state.mean

    def __call__(self, step: Step) -> Tensor:
        self.newest = step.embedding.detach().float().mean(dim=0)
        step.log["drift_mean"] = self.newest.mean()
        return ((step.embedding - self.state.mean) ** 2).mean()

    def after_step(self, total: Callable[[Tensor], Tensor]) -> None:
        self.state.mean.lerp_(total(self.newest), self.config.rate)


@pytest.fixture(scope="module", autouse=True)
def own_losses() -> Iterator[None]:
    with registered(spread=spread, drift=Drift):
        yield


def small_model() -> nn.Module:
    torch.manual_seed(0)
    return create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()


def small_batch() -> Batch:
    x = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    return Batch(x, torch.full((4, 68, 2), torch.nan), torch.eye(7)[:4])


def test_a_registered_function_is_weighted_and_sees_the_batch() -> None:
    model, batch = small_model(), small_batch()
    plain = Objective(ObjectiveConfig(), model, batch.targets)(model, batch)
    config = ObjectiveConfig(spread={"weight": 0.5})
    outcome = Objective(config, model, batch.targets)(model, batch)
    expected = model.embed(batch.x).var(dim=0).mean()
    torch.testing.assert_close(outcome.terms["loss_spread"], expected.detach())
    torch.testing.assert_close(outcome.loss, plain.loss + 0.5 * expected)
    step = STEPS[-1]
    assert step.features.shape[:2] == (4, 32)
    torch.testing.assert_close(step.features.mean(dim=(2, 3)), step.embedding)
    assert step.targets is batch.targets
    unweighted = Objective(ObjectiveConfig(spread={"weight": 0.0}), model, batch.targets)
    assert "loss_spread" not in unweighted(model, batch).terms
    assert STEPS[-1] is step  # a loss without weight is not computed


def test_a_registered_class_has_settings_state_and_log() -> None:
    model, batch = small_model(), small_batch()
    config = ObjectiveConfig(drift={"weight": 2, "rate": 0.25})
    objective = Objective(config, model, batch.targets)
    plain = Objective(ObjectiveConfig(), model, batch.targets)(model, batch)
    outcome = objective(model, batch)
    embedding = model.embed(batch.x)
    torch.testing.assert_close(outcome.loss, plain.loss + 2 * (embedding**2).mean())
    assert list(outcome.terms) == ["loss_cross_entropy", "loss_drift", "drift_mean"]
    assert objective.state_dict().keys() == {"drift.mean"}
    objective.after_step(lambda own: 2 * own)  # as of two processes
    expected = 0.25 * 2 * embedding.detach().mean(dim=0)
    torch.testing.assert_close(objective.state_dict()["drift.mean"], expected)
    assert config.describe() == " + 2 drift at 0.25"


def test_the_configuration_asks_a_registered_loss_what_it_needs() -> None:
    assert load_config(None, ["objective.drift.weight=1", "augment.mixup=0"])
    with pytest.raises(UsageError, match=r"augment\.mixup must be 0 with objective\.drift"):
        load_config(None, ["objective.drift.weight=1"])
    with pytest.raises(UsageError, match=r"must have objective\.drift\.weight = 0"):
        load_config(None, ["objective.drift.weight=1", "augment.mixup=0", "optim.layers=head"])
    assert load_config(None, ["objective.spread.weight=1", "optim.layers=head"])
    with pytest.raises(UsageError, match="rate = 2: must be a number greater than 0 and at most 1"):
        load_config(None, ["objective.drift.rate=2"])
    fields = all_fields()
    assert fields["objective.drift.rate"].description == "How fast the mean follows."
    assert "objective.spread.weight" in fields


def test_an_unknown_loss_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"objective\.sprea: there is no such field") as caught:
        load_config(None, ["objective.sprea.weight=1"])
    assert "spread" in str(caught.value)


def test_a_run_of_a_loss_that_is_not_registered_can_be_read_and_not_trained() -> None:
    """In the app, or by `fertrain compare`, which know nothing of the user's file."""
    values = {"objective": {"absent": {"weight": 0.5, "rate": 3}}}
    config = saved_config(values)
    assert config.objective.unregistered == ["absent"]
    assert config.model_dump()["objective"]["absent"] == {"weight": 0.5, "rate": 3}
    with pytest.raises(UsageError, match=r"objective\.absent: there is no loss") as caught:
        Objective(config.objective, create("compact"), torch.eye(7))
    assert "spread" in str(caught.value.hint)
    with pytest.raises(UsageError, match=r"objective\.absent"):
        load_config(None, **values)


@pytest.mark.parametrize("name", ["", "a.b", "terms", "label_smoothing", "losses", "copy"])
def test_a_name_that_the_section_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="a loss cannot be named"):
        register_loss(name)(spread)
