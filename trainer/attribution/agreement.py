"""How well attributions agree with the landmarks, measured as PAL trains it."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution.core import (
    Target,
    check_served,
    forward_with_leaf,
    layer_attribution,
    reduce_channels,
    target_classes,
)
from trainer.attribution_methods import DEFAULT_METHOD, find_method
from trainer.faces.heatmaps import landmark_heatmap
from trainer.models.registry import FerModel


def landmark_correlation(
    model: FerModel,
    x: Tensor,
    landmarks: Tensor,
    method: str = DEFAULT_METHOD,
    target: Target = "predicted",
    layer: str | None = None,
) -> Tensor:
    """Pearson r (B,) over space of each input's map and its landmark heatmap, NaN without points.

    `x` (B, C, H, W), `landmarks` (B, 68, 2) in its pixels. The map is the sum of the layer's
    channels at the layer's own size, to which the heatmap is shrunk: an enlarged map
    cannot follow points, and would score low for its resolution alone. Raises UsageError for a
    method that is none of a layer's, or that the network cannot serve.
    """
    check_served(model, find_method(method), layer)
    with torch.enable_grad():
        logits, features = forward_with_leaf(model, x, layer or model.attribution_layer)
        score = logits.gather(1, target_classes(logits.detach(), target)[:, None])[:, 0]
        attribution = layer_attribution(score, features, method).detach().float()
    maps = reduce_channels(attribution, method)[:, 0]
    heat = landmark_heatmap(landmarks.nan_to_num(), x.shape[-1])[:, None]
    heat = F.interpolate(heat, maps.shape[-2:], mode="bilinear", antialias=True)[:, 0]
    a, h = (m.flatten(1) - m.flatten(1).mean(dim=1, keepdim=True) for m in (maps, heat))
    scale = a.norm(dim=1) * h.norm(dim=1)
    r = torch.where(scale > 0, (a * h).sum(dim=1) / scale.clamp_min(1e-30), 0.0)
    has_landmarks = torch.isfinite(landmarks).all(dim=2).all(dim=1)
    return torch.where(has_landmarks, r, torch.nan)
