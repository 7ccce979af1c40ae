"""AU alignment: its formula, its maps, and the samples that take part."""

import pytest
import torch
from torch.nn import functional as F

from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.faces import au_heatmap
from trainer.losses.au_alignment import au_alignment_loss, layer_attention
from trainer.losses.objective import Objective
from trainer.models import create

ALL = torch.ones(3, dtype=torch.bool)


def maps(*shape: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(sum(shape))
    return torch.rand(*shape, generator=draw, dtype=torch.float64)


def test_cosine_is_the_formula() -> None:
    t, h = maps(3, 5, 5), maps(3, 5, 5) ** 2
    expected = sum(
        1 - (a * b).sum() / (a.norm() * b.norm())
        for a, b in zip(t.flatten(1), h.flatten(1), strict=True)
    )
    torch.testing.assert_close(au_alignment_loss(t, h, ALL), expected / 3)
    assert float(au_alignment_loss(3 * h, h, ALL)) == pytest.approx(0, abs=1e-9)


def test_standardised_cosine_is_one_minus_pearsons_r() -> None:
    t, h = maps(3, 5, 5), maps(3, 5, 5) ** 2
    expected = [
        1 - torch.corrcoef(torch.stack([a, b]))[0, 1]
        for a, b in zip(t.flatten(1), h.flatten(1), strict=True)
    ]
    loss = au_alignment_loss(t, h, ALL, "standardised_cosine")
    torch.testing.assert_close(loss, torch.stack(expected).mean())
    torch.testing.assert_close(au_alignment_loss(t + 7, h, ALL, "standardised_cosine"), loss)


@pytest.mark.parametrize(("distance", "power"), [("l1", 1), ("l2", 2)])
def test_l1_and_l2_of_the_scaled_attention(distance: str, power: int) -> None:
    t, h = maps(3, 5, 5), maps(3, 5, 5) ** 2
    low, high = t.amin((1, 2), keepdim=True), t.amax((1, 2), keepdim=True)
    expected = (((t - low) / (high - low) - h).abs() ** power).mean()
    torch.testing.assert_close(au_alignment_loss(t, h, ALL, distance), expected, rtol=1e-4, atol=0)


def test_invalid_samples_contribute_no_value_and_no_gradient() -> None:
    t, h = maps(3, 5, 5).requires_grad_(), maps(3, 5, 5)
    valid = torch.tensor([True, False, True])
    loss = au_alignment_loss(t, h, valid)
    torch.testing.assert_close(loss, au_alignment_loss(t[valid], h[valid], ALL[:2]))
    loss.backward()
    assert float(t.grad[1].abs().max()) == 0
    assert float(au_alignment_loss(t, h, ~ALL).detach()) == 0


def test_attention_is_a_mean_of_channels() -> None:
    features = maps(3, 8, 5, 5)
    torch.testing.assert_close(layer_attention(features), features.mean(1))
    torch.testing.assert_close(layer_attention(features, "half"), features[:, :4].mean(1))
    torch.manual_seed(0)
    drawn = {float(layer_attention(features, "random_avg")[0, 0, 0]) for _ in range(10)}
    assert len(drawn) > 5
    halves = torch.combinations(features[0, :, 0, 0], 4).mean(1)
    assert all(float((halves - value).abs().min()) < 1e-9 for value in drawn)


def terms_of(label: int, has_landmarks: bool = True, **au: object) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()
    points = torch.rand(2, 68, 2) * 32 if has_landmarks else torch.full((2, 68, 2), torch.nan)
    targets = torch.eye(7)[[label, label]]
    objective = Objective(ObjectiveConfig(au={"weight": 9, **au}), model, targets)
    return {**objective(model, Batch(torch.randn(2, 1, 32, 32), points, targets)).terms}


def test_the_map_is_that_of_the_true_class() -> None:
    torch.manual_seed(0)
    model = create("compact", input_size=32, widths=[16, 32], blocks=[1, 1]).eval()
    points, x = torch.rand(2, 68, 2) * 32, torch.randn(2, 1, 32, 32)
    targets = torch.eye(7)[[3, 5]]
    objective = Objective(ObjectiveConfig(au={"weight": 9}), model, targets)
    outcome = objective(model, Batch(x, points, targets))
    features = model.stages(model.stem(x))
    heat = au_heatmap(points, 32, torch.tensor([3, 5]))[:, None]
    heat = F.interpolate(heat, features.shape[-2:], mode="bilinear", antialias=True)
    t, h = features.mean(1).flatten(1), heat.flatten(1)
    expected = (1 - F.cosine_similarity(t, h)).mean()
    torch.testing.assert_close(outcome.terms["loss_au"], expected.detach())
    plain = Objective(ObjectiveConfig(), model, targets)(model, Batch(x, points, targets)).loss
    torch.testing.assert_close(outcome.loss, plain + 9 * expected)


def test_neutral_faces_and_faces_without_landmarks_are_left_out() -> None:
    assert float(terms_of(3)["loss_au"]) > 0
    assert float(terms_of(6)["loss_au"]) == 0
    assert float(terms_of(6, map="landmarks")["loss_au"]) > 0  # any face has landmarks
    assert float(terms_of(3, has_landmarks=False)["loss_au"]) == 0


def test_the_loss_is_the_mean_over_the_chosen_layers() -> None:
    one, two = (float(terms_of(3, layers=[name])["loss_au"]) for name in ("stages.0", "stages.1"))
    both = float(terms_of(3, layers=["stages.0", "stages.1"])["loss_au"])
    assert both == pytest.approx((one + two) / 2)
    with pytest.raises(UsageError, match=r"objective.au.layers: no layer 'stage'"):
        terms_of(3, layers=["stage"])


def test_mixup_is_refused() -> None:
    with pytest.raises(UsageError, match="mixup must be 0"):
        load_config(None, ["objective.au.weight=1"])
