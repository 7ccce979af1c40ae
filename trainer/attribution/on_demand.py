"""Attributions that take many passes, and what transformers attend to."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.attribution.core import Target, attribute, target_classes
from trainer.errors import UsageError
from trainer.models.registry import FerModel

PASSES = ("integrated_gradients", "smoothgrad", "occlusion")
ATTENTIONS = ("lanet", "rollout")
ON_DEMAND = (*PASSES, *ATTENTIONS)
STEPS = 50  # of the path of integrated gradients
NOISY = 25  # pictures whose gradients smoothgrad averages
NOISE = 0.15  # their noise's σ, as a share of the picture's range
PATCH = 6  # the side of what occlusion covers is the picture's over this


@dataclass(frozen=True, slots=True)
class Explanation:
    """Signed `maps` (B, H, W) and logits (B, K).

    `delta` (B,) is by how much integrated gradients miss what they should sum to: the score less
    that of the grey picture. None for other methods.
    """

    logits: Tensor
    maps: Tensor
    delta: Tensor | None = None


def slow_methods_of(model: FerModel, x: Tensor) -> list[str]:
    """Those of ON_DEMAND that `model` can serve, tried on inputs (B, C, H, W)."""
    with torch.no_grad():
        return [*PASSES, *model.attention_maps(x[:1])]


def explain_on_demand(
    model: FerModel, x: Tensor, method: str, target: Target = "predicted"
) -> Explanation:
    """Of inputs (B, C, H, W), for the score of `target`.

    integrated_gradients from the grey picture, 0 after normalisation (Sundararajan et al. 2017);
    smoothgrad, the mean gradient of noisy pictures (Smilkov et al. 2017); occlusion, by how much
    the score falls when a patch becomes grey (Zeiler and Fergus 2014): all by captum. lanet and
    rollout are the attention of networks that have it, whatever the score. Raises UsageError
    where the network cannot serve the method.
    """
    works = slow_methods_of(model, x)
    if method not in works:
        raise UsageError(
            f"this network has no {method}"
            if method in ON_DEMAND
            else f"there is no attribution method {method!r}",
            f"These work: {', '.join(works)}.",
        )
    model.eval()
    with torch.no_grad():
        logits = model(x)
        classes = target_classes(logits, target)
        if method in ATTENTIONS:
            maps = model.attention_maps(x)[method][:, None]
            maps = F.interpolate(maps, x.shape[-2:], mode="bilinear", align_corners=False)
            return Explanation(logits, maps[:, 0])
    maps, delta = _by_captum(model, x, method, classes)
    return Explanation(logits, maps.detach().sum(dim=1), delta)


def maps_by(model: FerModel, x: Tensor, method: str, target: Target = "predicted") -> Tensor:
    """Maps (B, H, W) by any method, live or on demand."""
    if method in ON_DEMAND:
        return explain_on_demand(model, x, method, target).maps.float()
    return attribute(model, x, method, target).float()


def _by_captum(
    model: FerModel, x: Tensor, method: str, classes: Tensor
) -> tuple[Tensor, Tensor | None]:
    from captum.attr import IntegratedGradients, NoiseTunnel, Occlusion, Saliency

    if method == "integrated_gradients":
        maps, delta = IntegratedGradients(model).attribute(
            x,
            target=classes,
            n_steps=STEPS,
            internal_batch_size=max(len(x), 64),
            return_convergence_delta=True,
        )
        return maps, delta
    if method == "smoothgrad":
        spread = float(x.amax() - x.amin())
        with torch.random.fork_rng():
            torch.manual_seed(0)  # the same picture gives the same map
            return NoiseTunnel(Saliency(model)).attribute(
                x, nt_samples=NOISY, nt_samples_batch_size=5, stdevs=NOISE * spread,
                target=classes, abs=False,
            ), None  # fmt: skip
    side = max(2, x.shape[-1] // PATCH)
    stride = max(1, side // 2)
    return Occlusion(model).attribute(
        x,
        sliding_window_shapes=(x.shape[1], side, side),
        strides=(x.shape[1], stride, stride),
        target=classes,
        perturbations_per_eval=16,
    ), None
