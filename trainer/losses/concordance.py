"""Concordance of predicted with annotated valence and arousal."""

import torch
from torch import Tensor

from trainer.config.loss_settings import ConcordanceConfig
from trainer.losses.loss_registry import Loss, LossContext, Step, full_precision, register_loss

EPSILON = 1e-8


def concordance(predicted: Tensor, true: Tensor) -> Tensor:
    """CCC (A,) of values (B, A): 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²) over the batch (Lin 1989).

    Over the samples whose true value is finite; NaN where fewer than two are. Nothing here makes a
    GPU wait for the CPU.
    """
    known = true.isfinite()
    count = known.sum(dim=0)

    def mean(values: Tensor) -> Tensor:
        return torch.where(known, values, 0).sum(dim=0) / count.clamp_min(1)

    true = torch.where(known, true, 0)
    means = mean(predicted), mean(true)
    x, y = predicted - means[0], true - means[1]
    spread = mean(x**2) + mean(y**2) + (means[0] - means[1]) ** 2
    return torch.where(count > 1, 2 * mean(x * y) / (spread + EPSILON), torch.nan)


@register_loss("concordance")
class Concordance(Loss):
    """1 − (CCC of valence + CCC of arousal) / 2 over the batch's samples where they are known.

    One that is known of fewer than two samples adds nothing in that batch.
    """

    Config = ConcordanceConfig

    def __init__(self, config: ConcordanceConfig, context: LossContext) -> None:
        super().__init__(config, context)
        self.layers = ()

    def __call__(self, step: Step) -> Tensor:
        assert step.model.affect is not None
        assert step.valence_arousal is not None
        with full_precision(step.embedding):
            predicted = step.model.affect(step.embedding.float())
            scores = concordance(predicted, step.valence_arousal)
        return torch.where(scores.isnan(), 0, 1 - scores).mean()
