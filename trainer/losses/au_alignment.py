"""Alignment of a layer's attention with the action units' map (Belharbi et al., FG 2024)."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.config.loss_settings import AuConfig
from trainer.errors import UsageError
from trainer.faces.action_units import GENERIC, au_heatmap, au_valid, expressions_of
from trainer.faces.heatmaps import landmark_heatmap
from trainer.losses.loss_registry import (
    Loss,
    LossContext,
    Step,
    full_precision,
    register_loss,
    require_layers,
)

Channels = Literal["avg", "half", "random_avg"]
Distance = Literal["cosine", "standardised_cosine", "l1", "l2"]
EPSILON = 1e-6
LANDMARK_SIGMA = 8 / 256  # of landmarks in place of action units, as a share of the side


def layer_attention(features: Tensor, channels: Channels = "avg") -> Tensor:
    """T (B, h, w): the mean over features (B, C, h, w), their first half, or a random half."""
    count = features.shape[1]
    if channels == "half":
        features = features[:, : max(1, count // 2)]
    elif channels == "random_avg":
        features = features[:, torch.randperm(count)[: max(1, count // 2)].to(features.device)]
    elif channels != "avg":
        raise UsageError(f"channels {channels!r}: known are avg, half, random_avg")
    is_double = features.dtype == torch.float64
    return (features if is_double else features.float()).mean(dim=1)


def au_alignment_loss(
    attention: Tensor, heatmap: Tensor, valid: Tensor, distance: Distance = "cosine"
) -> Tensor:
    """Mean distance over the valid (B,) samples of attention (B, h, w) and heatmap (B, H, W).

    cosine: 1 − cos(vec T, vec H), the paper's; standardised_cosine: the same of maps without
    their mean, which is 1 − Pearson's r; l1, l2: mean |T − H| and (T − H)² of T scaled to [0, 1].
    The heatmap is resized to the attention's size. 0 where no sample is valid.
    """
    attention, heatmap = attention[valid], heatmap[valid].to(attention.dtype)
    if not len(attention):
        return attention.sum()
    if heatmap.shape[-2:] != attention.shape[-2:]:
        size = attention.shape[-2:]
        heatmap = F.interpolate(heatmap[:, None], size, mode="bilinear", antialias=True)[:, 0]
    t, h = attention.flatten(1), heatmap.flatten(1)
    if distance in ("l1", "l2"):
        low, high = t.amin(dim=1, keepdim=True), t.amax(dim=1, keepdim=True)
        difference = (t - low) / (high - low + EPSILON) - h
        return (difference.abs() if distance == "l1" else difference**2).mean()
    if distance == "standardised_cosine":
        t, h = t - t.mean(dim=1, keepdim=True), h - h.mean(dim=1, keepdim=True)
    elif distance != "cosine":
        known = "cosine, standardised_cosine, l1, l2"
        raise UsageError(f"distance {distance!r}: known are {known}")
    return (1 - F.cosine_similarity(t, h, dim=1, eps=EPSILON)).mean()


@register_loss("au")
class ActionUnitAlignment(Loss):
    """Alignment of layers' attention with the action units of the true expression.

    Samples without landmarks stay out. CutMix's boxes bring their action units along.
    """

    Config = AuConfig
    config: AuConfig

    def __init__(self, config: AuConfig, context: LossContext) -> None:
        super().__init__(config, context)
        if config.layers:
            require_layers(context.model, config.layers, "objective.au.layers")
            self.layers = tuple(config.layers)
        self._expressions = expressions_of(context.classes)  # (K,) of each class

    def __call__(self, step: Step) -> Tensor:
        with full_precision(step.inputs):
            heatmap, valid = self._heatmap(step)
            losses = [
                au_alignment_loss(
                    layer_attention(step.outputs[layer], self.config.channels),
                    heatmap,
                    valid,
                    self.config.distance,
                )
                for layer in self.layers
            ]
        return torch.stack(losses).mean()

    def _heatmap(self, step: Step) -> tuple[Tensor, Tensor]:
        """Maps (B, s, s) at the inputs' size, whose cells are fine enough for thin action units,
        and which samples (B,) have one.
        """
        settings, landmarks, side = self.config, step.landmarks, step.inputs.shape[-1]
        labels = step.labels if step.pasted is None else step.pasted.labels
        self._expressions = self._expressions.to(labels.device)
        expressions, valid = self._expressions[labels], step.has_landmarks
        if settings.map == "landmarks":
            heatmap = landmark_heatmap(landmarks.nan_to_num(), side, LANDMARK_SIGMA * side)
        else:
            drawn = expressions if settings.map == "class" else GENERIC
            heatmap = au_heatmap(landmarks, side, drawn, settings.codebook)
            heatmap = heatmap * au_valid(expressions)[:, None, None]
        if step.pasted is not None:
            heatmap = torch.where(step.pasted.box, heatmap[step.pasted.order], heatmap)
            valid = valid & valid[step.pasted.order]
        return heatmap, valid & (heatmap.amax(dim=(1, 2)) > 0)
