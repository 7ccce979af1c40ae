"""Consistency with the mirror image: of predictions, and of class maps (EAC)."""

import pytest
import torch
from torch import nn

from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.losses.mirror import class_activation_maps
from trainer.losses.objective import Objective
from trainer.models import create

TARGETS = torch.eye(7)[:4]


def small_model() -> nn.Module:
    torch.manual_seed(0)
    return create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()


def small_batch(x: torch.Tensor | None = None) -> Batch:
    if x is None:
        x = torch.randn(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    return Batch(x, torch.full((4, 68, 2), torch.nan), TARGETS)


def eac(model: nn.Module, weight: float = 5.0) -> Objective:
    return Objective(ObjectiveConfig(label_smoothing=0, eac={"weight": weight}), model, TARGETS)


def test_class_maps_average_to_the_logits_without_bias() -> None:
    model, x = small_model(), small_batch().x
    features = model.stages(model.stem(x))
    maps = class_activation_maps(features, model.classifier.weight)
    assert maps.shape == (4, 7, *features.shape[2:])
    torch.testing.assert_close(maps.mean(dim=(2, 3)) + model.classifier.bias, model(x))
    one = sum(model.classifier.weight[2, c] * features[1, c] for c in range(features.shape[1]))
    torch.testing.assert_close(maps[1, 2], one)


def test_eac_is_the_cross_entropy_of_the_first_view_and_the_difference_of_the_maps() -> None:
    model, batch = small_model(), small_batch()
    outcome = eac(model)(model, batch)
    weight = model.classifier.weight
    first, second = (
        class_activation_maps(model.stages(model.stem(x)), weight)
        for x in (batch.x, batch.x.flip(-1))
    )
    difference = ((first - second.flip(-1)) ** 2).mean()
    assert difference > 1e-4
    torch.testing.assert_close(outcome.terms["loss_eac"], difference.detach())
    plain = nn.functional.cross_entropy(model(batch.x), TARGETS.argmax(dim=1))
    torch.testing.assert_close(outcome.loss, plain + 5 * difference)
    torch.testing.assert_close(outcome.terms["loss_cross_entropy"], plain.detach())


def test_eac_of_a_symmetric_picture_is_zero_only_if_the_maps_are_symmetric() -> None:
    """Its mirror image is itself, so the difference is that of a map and its own mirror image."""
    model = small_model()
    x = small_batch().x
    symmetric = x + x.flip(-1)
    maps = class_activation_maps(model.stages(model.stem(symmetric)), model.classifier.weight)
    own = ((maps - maps.flip(-1)) ** 2).mean()
    term = eac(model)(model, small_batch(symmetric)).terms["loss_eac"]
    torch.testing.assert_close(term, own.detach())


def test_eac_trains_the_features_through_both_views_and_not_the_classifier() -> None:
    model, batch = small_model(), small_batch()
    terms = []

    def gradients() -> dict[str, torch.Tensor]:
        model.zero_grad()
        both, plain = eac(model)(model, batch).loss, eac(model, 0.0)(model, batch).loss
        (both - plain).backward()
        terms.append(both)
        return {name: p.grad.clone() for name, p in model.named_parameters()}

    found = gradients()
    assert found["classifier.weight"].abs().max() < 1e-6
    x = batch.x
    maps = [class_activation_maps(model.stages(model.stem(view)), model.classifier.weight.detach())
            for view in (x, x.flip(-1))]  # fmt: skip
    model.zero_grad()
    (5 * nn.functional.mse_loss(maps[0], maps[1].flip(-1))).backward()
    for name in ("stem.1.weight", "stages.1.0.conv1.weight"):
        expected = dict(model.named_parameters())[name].grad
        torch.testing.assert_close(found[name], expected, rtol=1e-3, atol=1e-5)


def test_eac_refuses_networks_whose_maps_say_nothing() -> None:
    symmetric = create("compact", input_size=34, widths=[16, 32], blocks=[1, 1], symmetric=True)
    with pytest.raises(UsageError, match="a symmetric network draws mirrored maps"):
        eac(symmetric)
    with pytest.raises(UsageError, match="has no class maps"):
        eac(create("resnet18", input_size=32, head="mlp"))


def test_mirror_is_the_distance_to_the_prediction_for_the_mirror_image() -> None:
    model, batch = small_model(), small_batch()
    objective = Objective(ObjectiveConfig(mirror={"weight": 2.0}), model, TARGETS)
    outcome = objective(model, batch)
    p, q = model(batch.x).softmax(1), model(batch.x.flip(-1)).softmax(1)
    both = (p * (p / q).log()).sum(1) + (q * (q / p).log()).sum(1)
    torch.testing.assert_close(outcome.terms["loss_mirror"], both.detach().mean() / 2)
    assert outcome.terms["loss_mirror"] > 1e-4
    symmetric = batch.x + batch.x.flip(-1)
    assert objective(model, small_batch(symmetric)).terms["loss_mirror"] < 1e-9


def test_mirror_teaches_the_same_prediction() -> None:
    model, batch = small_model(), small_batch()
    model.classifier.weight.data *= 10
    plain = Objective(ObjectiveConfig(), model, TARGETS)
    mirrored = Objective(ObjectiveConfig(mirror={"weight": 1.0}), model, TARGETS)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    distances = []
    for _ in range(10):
        alone = mirrored(model, batch).loss - plain(model, batch).loss
        distances.append(float(alone.detach()))
        optimizer.zero_grad()
        alone.backward()
        optimizer.step()
    assert distances[-1] < 0.5 * distances[0]
