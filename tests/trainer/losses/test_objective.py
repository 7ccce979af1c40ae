"""The objective: gradients of its terms, refused configurations, and its state."""

import gc

import pytest
import torch

from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses.objective import Objective
from trainer.models import create

SIDE = 32
TARGETS = torch.eye(7)[torch.tensor([0, 3, 3, 6])]
COMPACT = {"widths": [16, 32], "blocks": [1, 1]}


def batch(has_landmarks: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(4, 1, SIDE, SIDE, generator=draw)
    points = torch.rand(4, 68, 2, generator=draw) * SIDE
    return x, points if has_landmarks else torch.full_like(points, torch.nan)


def compact() -> torch.nn.Module:
    torch.manual_seed(0)
    return create("compact", input_size=SIDE, **COMPACT)


def gradients(losses: dict[str, object], has_landmarks: bool = True) -> dict[str, torch.Tensor]:
    model = compact()
    objective = Objective(ObjectiveConfig(label_smoothing=0, **losses), model, TARGETS)
    x, points = batch(has_landmarks)
    objective(model, Batch(x, points, TARGETS)).loss.backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("method", ["grad_x_input", "abs_grad_x_input"])
@pytest.mark.parametrize("layer", ["", "stages.0"])
def test_pal_has_gradients_before_and_after_the_layer(method: str, layer: str) -> None:
    """Without the graph of the gradient the layers after it would get no gradient."""
    plain = gradients({})
    pal = gradients({"pal": {"weight": 5, "method": method, "layer": layer}})
    for name in ("stem.1.weight", "stages.0.0.conv1.weight", "classifier.weight"):
        assert not torch.allclose(plain[name], pal[name], atol=1e-7), name


def test_faces_without_landmarks_are_left_out_of_pal() -> None:
    plain, pal = (
        gradients({}, has_landmarks=False),
        gradients({"pal": {"weight": 5}}, has_landmarks=False),
    )
    for name, grad in plain.items():
        torch.testing.assert_close(pal[name], grad)


def test_grad_before_average_pooling_is_refused() -> None:
    with pytest.raises(UsageError, match="the same at every place"):
        gradients({"pal": {"weight": 1, "method": "grad"}})
    assert gradients({"pal": {"weight": 1, "method": "grad", "layer": "stages.0"}})


def test_the_loss_is_the_sum_of_its_terms() -> None:
    model = compact()
    config = ObjectiveConfig(center={"weight": 0.3}, pal={"weight": 2})
    objective = Objective(config, model, TARGETS)
    x, points = batch()
    outcome = objective(model, Batch(x, points, TARGETS))
    terms = outcome.terms
    expected = terms["loss_cross_entropy"] + 0.3 * terms["loss_center"] + 2 * terms["loss_pal"]
    assert float(outcome.loss.detach()) == pytest.approx(float(expected), rel=1e-5)
    assert -1 <= float(terms["loss_pal"]) <= 1


def test_centers_move_after_the_step_and_not_before() -> None:
    model = compact()
    objective = Objective(ObjectiveConfig(center={"weight": 0.01}), model, TARGETS)
    x, points = batch()
    before = objective.center.centers.clone()
    objective(model, Batch(x, points, TARGETS))
    assert torch.equal(objective.center.centers, before)
    objective.after_step()
    moved = (objective.center.centers != before).any(dim=1)
    assert moved.nonzero()[:, 0].tolist() == [0, 3, 6]  # the classes of the batch
    assert "center.centers" in objective.state_dict()


def test_dacl_logs_its_attention() -> None:
    torch.manual_seed(0)
    model = create("dacl", input_size=SIDE, backbone="compact", compact=True, widths=(8, 16, 32))
    objective = Objective(ObjectiveConfig(center={"weight": 0.01}), model, TARGETS)
    x, points = batch()
    outcome = objective(model, Batch(x, points, TARGETS))
    assert 0 < float(outcome.terms["attention_mean"]) < 1
    assert float(outcome.terms["attention_std"]) > 0
    outcome.loss.backward()
    assert model.attention.heads.weight.grad.any()


@pytest.mark.parametrize(("how", "ratio"), [("balanced", 4.0), ("root", 2.0)])
def test_class_weights(how: str, ratio: float) -> None:
    """Of classes with 8, 2 and 0 samples."""
    counts = torch.tensor([8, 2, 0, 0, 0, 0, 0])
    targets = torch.eye(7)[torch.repeat_interleave(torch.arange(7), counts)]
    config = ObjectiveConfig.model_validate({"class_weights": how})
    weights = Objective(config, compact(), targets).class_weights
    assert weights is not None
    assert float(weights[1] / weights[0]) == pytest.approx(ratio)
    assert float((weights * counts).sum() / counts.sum()) == pytest.approx(1)
    assert weights[2] == 0


def test_memory_is_flat_over_many_steps() -> None:
    """Second order graphs that stay referenced would grow by some MiB per step."""
    model = compact()
    objective = Objective(ObjectiveConfig(pal={"weight": 1}), model, TARGETS)
    x, points = batch()

    def tensors() -> int:
        gc.collect()
        return sum(isinstance(o, torch.Tensor) for o in gc.get_objects())

    counts = []
    for step in range(200):
        model.zero_grad(set_to_none=True)
        objective(model, Batch(x, points, TARGETS)).loss.backward()
        objective.after_step()
        if step in (20, 199):
            counts.append(tensors())
    assert counts[1] <= counts[0]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("objective.pal.method=gradcam", "objective.pal.method"),
        ("objective.pal.channels=some", "must be mean, all or half"),
        ("objective.pal.wieght=1", "there is no such field"),
        ("objective.pal.weight=1", "augment.mixup must be 0"),
        ("objective.center.alpha=2", "objective.center.alpha"),
    ],
)
def test_an_error_names_the_setting(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_config(sets=[setting])


def test_an_unknown_layer_lists_the_known_ones() -> None:
    config = ObjectiveConfig(pal={"weight": 1, "layer": "layer9"})
    with pytest.raises(UsageError, match="stages") as raised:
        Objective(config, compact(), TARGETS)
    assert "layer9" in str(raised.value)
