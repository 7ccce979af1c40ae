"""Center and sparse center loss: values, gradients and centers equal the closed forms."""

import pytest
import torch

from trainer.losses.center import SparseCenterLoss

ALPHA = 0.5


def batch(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    features = torch.randn(5, 4, generator=draw, dtype=torch.float64)
    attention = torch.rand(5, 4, generator=draw, dtype=torch.float64)
    return features, attention, torch.tensor([0, 2, 2, 1, 2])


@pytest.fixture
def loss() -> SparseCenterLoss:
    torch.manual_seed(1)
    return SparseCenterLoss(3, 4, ALPHA).double()


def test_the_value_equals_the_formula(loss: SparseCenterLoss) -> None:
    features, attention, labels = batch()
    expected = sum(
        float(attention[i, j] * (features[i, j] - loss.centers[labels[i], j]) ** 2)
        for i in range(5)
        for j in range(4)
    ) / (2 * 5)
    assert float(loss(features, attention, labels)) == pytest.approx(expected, abs=1e-12)
    ones = loss(features, torch.ones_like(features), labels)
    assert float(loss(features, None, labels)) == pytest.approx(float(ones), abs=1e-12)


def test_gradients_equal_the_closed_forms(loss: SparseCenterLoss) -> None:
    features, attention, labels = batch()
    features.requires_grad_()
    attention.requires_grad_()
    g = 0.01
    (g * loss(features, attention, labels)).backward()
    difference = (features - loss.centers[labels]).detach()
    torch.testing.assert_close(features.grad, g * attention.detach() * difference / 5)
    torch.testing.assert_close(attention.grad, g * difference**2 / (2 * 5))
    assert (attention.grad >= 0).all()  # the loss alone always pushes attention down
    assert torch.autograd.gradcheck(lambda f, a: loss(f, a, labels), (features, attention))


def test_centers_move_by_the_rule_of_the_paper(loss: SparseCenterLoss) -> None:
    features, attention, labels = batch()
    before = loss.centers.clone()
    loss.update_centers(features, attention, labels)
    for k in range(3):
        mine = labels == k
        pull = (attention[mine] * (features[mine] - before[k])).sum(dim=0)
        torch.testing.assert_close(
            loss.centers[k], before[k] + ALPHA * pull / (1 + int(mine.sum()))
        )


def test_centers_get_no_gradient_and_are_saved(loss: SparseCenterLoss) -> None:
    features, attention, labels = batch()
    loss(features.requires_grad_(), attention, labels).backward()
    assert not loss.centers.requires_grad
    assert list(loss.parameters()) == []
    again = SparseCenterLoss(3, 4).double()
    again.load_state_dict(loss.state_dict())
    torch.testing.assert_close(again.centers, loss.centers)


def test_initial_centers_have_variance_two_over_k() -> None:
    torch.manual_seed(0)
    centers = SparseCenterLoss(7, 20_000).centers
    assert float(centers.std()) == pytest.approx((2 / 7) ** 0.5, rel=0.01)


def test_centers_and_loss_stay_in_float32_with_half_precision_features() -> None:
    """Small moves of the centers would vanish in bf16."""
    torch.manual_seed(0)
    loss = SparseCenterLoss(3, 4)
    features, attention, labels = batch()
    half = loss(features.bfloat16(), attention.bfloat16(), labels)
    assert half.dtype == torch.float32
    full = loss(features.float(), attention.float(), labels)
    assert float(half) == pytest.approx(float(full), rel=0.02)
    before = loss.centers.clone()
    loss.update_centers(features.bfloat16(), attention.bfloat16(), labels)
    assert loss.centers.dtype == torch.float32
    assert not torch.equal(loss.centers, before)
