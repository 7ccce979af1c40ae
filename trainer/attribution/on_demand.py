"""Attributions of the pixels that take many passes."""

import torch
from torch import Tensor

from trainer.models.registry import FerModel

INTEGRATION_STEPS = 50  # of the path of integrated gradients
NOISY_COPIES = 25  # of the picture, whose gradients smoothgrad averages
NOISE = 0.15  # their noise's σ, as a share of the picture's own range
COPIES_PER_PASS = 5
PATCHES = 6  # occlusion covers a square of the picture's side over this


def many_pass_attribution(
    model: FerModel, x: Tensor, method: str, classes: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Maps (B, H, W) of inputs x (B, C, H, W) for the scores of `classes` (B,).

    integrated_gradients from the grey picture, 0 after normalisation (Sundararajan et al. 2017),
    with its completeness error (B,); smoothgrad, the mean gradient of noisy copies (Smilkov et al.
    2017); occlusion, how much the score falls when a patch becomes grey (Zeiler and Fergus 2014).
    A picture's map does not depend on the rest of its batch.
    """
    delta = None
    match method:
        case "integrated_gradients":
            maps, delta = _integrated_gradients(model, x, classes)
        case "smoothgrad":
            maps = _smoothgrad(model, x, classes)
        case "occlusion":
            maps = _occlusion(model, x, classes)
        case _:
            raise ValueError(method)
    return maps.detach().sum(dim=1).to(x.dtype), delta


def _integrated_gradients(model: FerModel, x: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    from captum.attr import IntegratedGradients

    maps, delta = IntegratedGradients(model).attribute(
        x,
        target=classes,
        n_steps=INTEGRATION_STEPS,
        internal_batch_size=max(len(x), 64),
        return_convergence_delta=True,
    )
    return maps, delta


def _smoothgrad(model: FerModel, x: Tensor, classes: Tensor) -> Tensor:
    """(B, C, H, W). Every picture gets the same draws, scaled by its own range."""
    generator = torch.Generator().manual_seed(0)
    draws = torch.randn((NOISY_COPIES, *x.shape[1:]), generator=generator).to(x)
    maps = torch.zeros_like(x)
    for picture, label, map_ in zip(x.detach(), classes.tolist(), maps, strict=True):
        spread = NOISE * (picture.amax() - picture.amin())
        for noise in torch.split(draws, COPIES_PER_PASS):
            with torch.enable_grad():
                copies = (picture + spread * noise).requires_grad_()
                (gradient,) = torch.autograd.grad(model(copies)[:, label].sum(), copies)
            map_ += gradient.sum(dim=0) / NOISY_COPIES
    return maps


def _occlusion(model: FerModel, x: Tensor, classes: Tensor) -> Tensor:
    from captum.attr import Occlusion

    side = max(2, x.shape[-1] // PATCHES)
    stride = max(1, side // 2)
    maps: Tensor = Occlusion(model).attribute(
        x,
        sliding_window_shapes=(x.shape[1], side, side),
        strides=(x.shape[1], stride, stride),
        target=classes,
        perturbations_per_eval=16,
    )
    return maps
