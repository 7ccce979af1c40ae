"""Relative Uncertainty Learning (Zhang et al., NeurIPS 2021): features of pairs, mixed by their
uncertainty.
"""

import torch
from torch import Tensor, nn

from trainer.config.loss_settings import RulConfig
from trainer.losses.loss_registry import Loss, LossContext, Step, full_precision, register_loss

HIDDEN = 64  # log-variances of a face, as in the authors' code


class Uncertainty(nn.Module):
    """σ (B, 1) > 0 of the embedding (B, d): the mean of exp(s) over log-variances s (B, 64).

    In training only, so the norms need no running statistics.
    """

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(dim, eps=2e-5, affine=False, track_running_stats=False),
            nn.Dropout(dropout),
            nn.Linear(dim, HIDDEN),
            nn.BatchNorm1d(HIDDEN, eps=2e-5, track_running_stats=False),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        log_variances: Tensor = self.layers(embedding)
        return log_variances.exp().mean(dim=1, keepdim=True)


def mix_by_uncertainty(features: Tensor, uncertainty: Tensor, order: Tensor) -> Tensor:
    """(σ_i f_i + σ_j f_j) / (σ_i + σ_j) (B, d) of features (B, d), uncertainty (B, 1) and the
    partners j = order[i] (B,).

    The more uncertain face has the larger share: without its features' help its label would be
    missed, so uncertainty grows where features are hard to recognise.
    """
    partner = uncertainty[order]
    return (uncertainty * features + partner * features[order]) / (uncertainty + partner)


@register_loss("rul")
class RelativeUncertainty(Loss):
    """½ CE(o, t_i) + ½ CE(o, t_j) of the logits o of mixed features, the add-up loss.

    Each sample is mixed with one other, drawn at random. The authors' code replaces the network's
    last layer by two branches of 64 values over the whole last map; here the network stays as it
    is, its embedding is mixed, and the uncertainty's branch reads the embedding. It is only for
    training: predictions are those of unmixed features.
    """

    Config = RulConfig
    config: RulConfig

    def __init__(self, config: RulConfig, context: LossContext) -> None:
        super().__init__(config, context)
        self.state = self._uncertainty = Uncertainty(context.model.embedding_size, config.dropout)

    def __call__(self, step: Step) -> Tensor:
        if len(step.inputs) < 2:  # there is no other sample
            return step.cross_entropy(step.logits, step.targets)
        order = torch.randperm(len(step.inputs), device=step.inputs.device)
        with full_precision(step.inputs):
            features = step.embedding.float()
            uncertainty = self._uncertainty(features)
            mixed = mix_by_uncertainty(features, uncertainty, order)
        logits = step.model.classify(mixed)
        step.log["uncertainty_mean"] = uncertainty.detach().mean()
        step.log["uncertainty_std"] = uncertainty.detach().std()
        own, partners = (
            step.cross_entropy(logits, targets) for targets in (step.targets, step.targets[order])
        )
        return 0.5 * own + 0.5 * partners
