"""Privileged Attribution Loss (Bonnard et al. 2022): attributions correlate with the landmarks."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution import layer_attribution
from trainer.config.loss_settings import PalConfig
from trainer.errors import UsageError
from trainer.faces.heatmaps import landmark_heatmap
from trainer.losses.loss_registry import (
    Loss,
    LossContext,
    Step,
    full_precision,
    register_loss,
    require_layers,
)

Channels = Literal["mean", "all", "half"]
Score = Literal["true", "sum_abs", "margin"]
EPSILON = 1e-6  # beside maps whose largest magnitude is 1
CONSTANT = 1e-5  # relative spread below which a map is constant over space


def privileged_attribution_loss(
    attribution: Tensor, heatmap: Tensor, channels: Channels = "mean", mask: Tensor | None = None
) -> Tensor:
    """−Pearson r over space of attribution (B, C, H, W) and heatmap (B, h, w), in [−1, 1].

    "all" correlates every channel and averages, "mean" correlates the mean of the channels,
    "half" the mean of the first half, which leaves the other channels free. `mask` (B,) bool
    selects the samples: the others contribute neither value nor gradient, and without any the
    loss is 0. A map that is zero everywhere contributes 0. Invariant to scale and shift of both
    maps: each is divided by its largest magnitude first, since attributions of 1e-6 would vanish
    beside ε.
    """
    if channels not in ("mean", "all", "half"):
        raise UsageError(f"channels {channels!r}: known are mean, all, half")
    if mask is not None:
        attribution, heatmap = attribution[mask], heatmap[mask]
    if not len(attribution):
        return attribution.sum()
    if attribution.dtype in (torch.float16, torch.bfloat16):
        attribution = attribution.float()
    if channels != "all":
        count = attribution.shape[1] if channels == "mean" else max(1, attribution.shape[1] // 2)
        attribution = attribution[:, :count].mean(dim=1, keepdim=True)
    target = heatmap[:, None].to(attribution.dtype)
    if target.shape[-2:] != attribution.shape[-2:]:
        target = F.interpolate(target, attribution.shape[-2:], mode="bilinear", antialias=True)
    correlation = (_standardised(attribution) * _standardised(target)).mean(dim=(2, 3))
    return -correlation.mean()


def _standardised(maps: Tensor) -> Tensor:
    """(x − mean) / std over space, 1/N; zero maps stay zero and give no gradient."""
    peak = maps.detach().abs().amax(dim=(2, 3), keepdim=True)
    alive = peak > 0
    scaled = torch.where(alive, maps, 0.0) / torch.where(alive, peak, 1.0)
    centred = scaled - scaled.mean(dim=(2, 3), keepdim=True)
    variance = (centred**2).mean(dim=(2, 3), keepdim=True)
    return centred / torch.sqrt(variance + EPSILON**2)


def attribution_score(logits: Tensor, labels: Tensor, target: Score) -> Tensor:
    """The score that is attributed, (B,), of logits (B, K): probabilities sum to one.

    "true" is o_y, "sum_abs" Σ|o_k|, "margin" o_y − mean of the other logits.
    """
    logits = logits if logits.dtype == torch.float64 else logits.float()
    true = logits.gather(1, labels[:, None])[:, 0]
    match target:
        case "true":
            return true
        case "sum_abs":
            return logits.abs().sum(dim=1)
        case "margin":
            others = (logits.sum(dim=1) - true) / (logits.shape[1] - 1)
            return true - others
    raise UsageError(f"target {target!r}: known are true, sum_abs, margin")


def refuse_constant(attribution: Tensor, layer: str) -> None:
    """Raise UsageError when all maps are constant over space, as Grad before average pooling is."""
    maps = attribution.detach().flatten(2)
    spread = (maps - maps.mean(dim=2, keepdim=True)).abs().amax()
    if float(spread) <= CONSTANT * float(maps.abs().amax()):
        raise UsageError(
            f"objective.pal: the gradient at {layer!r} is the same at every place, "
            "because only average pooling and linear layers follow",
            "Use method grad_x_input, or an earlier layer.",
        )


@register_loss("pal")
class PrivilegedAttribution(Loss):
    """Correlation of the attribution with the landmarks; samples without landmarks stay out."""

    Config = PalConfig
    config: PalConfig

    def __init__(self, config: PalConfig, context: LossContext) -> None:
        super().__init__(config, context)
        if config.layer:
            require_layers(context.model, [config.layer], "objective.pal.layer")
            self.layers = (config.layer,)

    def __call__(self, step: Step) -> Tensor:
        settings, side = self.config, step.inputs.shape[-1]
        (layer,) = self.layers
        features = step.outputs[layer]
        with full_precision(features):
            score = attribution_score(step.logits, step.labels, settings.target)
            attribution = layer_attribution(score, features, settings.method, create_graph=True)
            if settings.method == "grad":
                refuse_constant(attribution, layer)
                attribution = attribution.abs()
            # drawn at the input's size and shrunk by the loss: the cells of a small map are too
            # coarse for single points
            heatmap = landmark_heatmap(
                step.landmarks.nan_to_num(), side, settings.sigma * side, settings.heatmap
            )
            return privileged_attribution_loss(
                attribution, heatmap, settings.channels, step.has_landmarks
            )
