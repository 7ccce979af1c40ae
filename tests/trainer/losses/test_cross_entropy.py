"""Cross-entropy against its formula."""

import pytest
import torch

from trainer.losses import soft_cross_entropy


def test_cross_entropy_against_its_formula() -> None:
    logits = torch.randn(5, 7, dtype=torch.float64)
    targets = torch.softmax(torch.randn(5, 7, dtype=torch.float64), 1)
    smoothed = 0.9 * targets + 0.1 / 7
    expected = -(smoothed * torch.log_softmax(logits, 1)).sum(1).mean()
    assert float(soft_cross_entropy(logits, targets, 0.1)) == pytest.approx(float(expected), 1e-5)
