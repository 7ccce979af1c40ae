"""Losses run in the precision of the step; maths that needs float32 stays in float32."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.support.trainer.own_losses import registered
from trainer.card import ModelCard, Preprocessing
from trainer.config.objective_config import ObjectiveConfig, loss_settings
from trainer.data.augmentation import Batch
from trainer.losses import Loss, LossContext, Step
from trainer.losses.objective import Objective
from trainer.models import create
from trainer.models.model_file import save_model

SIDE = 32
SIZES = Preprocessing(crop_size=SIDE, input_size=SIDE)
TARGETS = torch.eye(7)[torch.tensor([0, 3, 3, 5])]
COMPACT: dict[str, Any] = {"widths": [16, 32], "blocks": [1, 1]}
NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "acol": ("acol", {"depth": 18, "hidden": 16}),
    "affinity": ("dan", {"size": "small", "heads": 2}),
    "partition": ("dan", {"size": "small", "heads": 2}),
    "landmarks": ("poster_lite", {"widths": [8, 16], "depth": 1}),
    "center": ("dacl", {"backbone": "compact", "compact": True, "widths": (8, 16, 32)}),
}


class TwoLayers(Loss):
    """Passes the features and the embedding through layers of its own."""

    def __init__(self, config: Any, context: LossContext) -> None:
        super().__init__(config, context)
        self.convolution = nn.Conv2d(32, 4, 3)
        self.linear = nn.Linear(context.model.embedding_size, 4)
        self.state = nn.ModuleList([self.convolution, self.linear])

    def __call__(self, step: Step) -> Tensor:
        maps = self.convolution(step.features).mean(dim=(2, 3))
        return ((maps - self.linear(step.embedding)) ** 2).mean()


STEPS: list[Step] = []


def note_step(step: Step) -> Tensor:
    STEPS.append(step)
    return step.logits.sum() * 0


@pytest.fixture(scope="module", autouse=True)
def own_losses() -> Iterator[None]:
    with registered(two_layers=TwoLayers, note_step=note_step):
        yield


def built(loss: str, folder: Path) -> tuple[nn.Module, Objective]:
    torch.manual_seed(0)
    network, options = NETWORKS.get(loss, ("compact", COMPACT))
    affect = loss_settings()[loss].needs_valence_arousal
    model = create(network, input_size=SIDE, valence_arousal=affect, **options)
    settings: dict[str, Any] = {"weight": 1.0}
    if loss == "distill":
        file = folder / "teacher.safetensors"
        card = ModelCard(
            name="teacher",
            architecture="compact",
            arguments=COMPACT,
            attribution_layer="stages",
            preprocessing=SIZES,
        )
        teacher = create("compact", input_size=SIDE, **COMPACT)
        save_model(file, teacher.state_dict(), card)
        settings["teachers"] = [str(file)]
    config = ObjectiveConfig(**{loss: settings, "note_step": {"weight": 1.0}})
    return model, Objective(config, model, TARGETS, preprocessing=SIZES)


def face_batch() -> Batch:
    draw = torch.Generator().manual_seed(1)
    points = torch.rand(4, 68, 2, generator=draw) * SIDE
    affect = torch.rand(4, 2, generator=draw) * 2 - 1
    x = torch.randn(4, 1, SIDE, SIDE, generator=draw)
    return Batch(x, points, TARGETS, valence_arousal=affect, rows=torch.arange(4))


@pytest.mark.parametrize("loss", loss_settings())
def test_each_registered_loss_trains_under_bf16_autocast(loss: str, tmp_path: Path) -> None:
    model, objective = built(loss, tmp_path)
    outcome = objective(model, face_batch(), torch.bfloat16)
    assert outcome.logits.dtype == torch.bfloat16
    assert all(bool(value.isfinite()) for value in outcome.terms.values())
    value = outcome.loss
    assert value.isfinite()
    value.backward()
    objective.after_step()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients
    assert all(bool(gradient.isfinite().all()) for gradient in gradients)
    assert all(bool(state.isfinite().all()) for state in objective.state_dict().values())


def test_a_loss_with_layers_of_its_own_reaches_the_network(tmp_path: Path) -> None:
    model, objective = built("two_layers", tmp_path)
    objective(model, face_batch(), torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        objective.losses["two_layers"](STEPS[-1]).backward()
    assert model.stages[0][0].conv1.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("loss", ["pal", "au"])
def test_heatmaps_and_attributions_stay_in_float32(loss: str, tmp_path: Path) -> None:
    """Autocast would round the landmarks, and the products that the maps are made of."""
    model, objective = built(loss, tmp_path)
    objective(model, face_batch(), torch.bfloat16)
    outside = objective.losses[loss](STEPS[-1])
    with torch.autocast("cpu", torch.bfloat16):
        inside = objective.losses[loss](STEPS[-1])
    assert inside.dtype == torch.float32
    assert torch.equal(inside, outside)
    parameters = list(model.parameters())
    grads = [
        torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
        for value in (outside, inside)
    ]
    for first, second in zip(*grads, strict=True):
        assert (first is None) == (second is None)
        assert first is None or torch.equal(first, second)
