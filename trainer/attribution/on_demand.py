"""Attributions of the pixels that take many passes."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.models.registry import FerModel

INTEGRATION_STEPS = 50  # of the path of integrated gradients
NOISY_COPIES = 25  # of the picture, whose gradients smoothgrad averages
NOISE = 0.15  # their noise's σ, as a share of the picture's own range
COPIES_PER_PASS = 5
PATCHES = 6  # occlusion covers a square of the picture's side over this
RISE_MASKS = 1000
RISE_CELLS = 7  # on a side of a mask, before it is enlarged
RISE_SHOWN = 0.5  # probability that a cell shows the picture
MASKED_PER_PASS = 64  # pictures: bounds the memory, whatever the batch


def many_pass_attribution(
    model: FerModel, x: Tensor, method: str, classes: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Maps (B, H, W) of inputs x (B, C, H, W) for the scores of `classes` (B,).

    integrated_gradients from the grey picture (Sundararajan et al. 2017),
    with its completeness error (B,); smoothgrad, the mean gradient of noisy copies (Smilkov et al.
    2017); occlusion, how much the score falls when a patch becomes grey (Zeiler and Fergus 2014);
    rise, see `rise_map`. A picture's map does not depend on the rest of its batch.
    """
    delta = None
    match method:
        case "integrated_gradients":
            maps, delta = _integrated_gradients(model, x, classes)
        case "smoothgrad":
            maps = _smoothgrad(model, x, classes)
        case "occlusion":
            return occlusion_maps(model, x, classes), None
        case "rise":
            masks = rise_masks(x.shape[-2:]).to(x)
            pairs = zip(x.detach(), classes.tolist(), strict=True)
            return torch.stack([rise_map(model, one, label, masks) for one, label in pairs]), None
        case _:
            raise ValueError(method)
    return maps.detach().sum(dim=1).to(x.dtype), delta


def _integrated_gradients(model: FerModel, x: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    from captum.attr import IntegratedGradients

    maps, delta = IntegratedGradients(model).attribute(
        x,
        baselines=model.grey(x).expand_as(x),
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


@torch.no_grad()
def occlusion_maps(
    model: FerModel, x: Tensor, classes: Tensor, *, overlapping: bool = True
) -> Tensor:
    """Maps (B, H, W) of the fall of the scores of `classes` (B,) when a square becomes grey.

    A square's side is the picture's over PATCHES. They overlap by half, and a pixel gets the mean
    of its squares; or they lie side by side, which takes a quarter of the passes.
    """
    side = max(2, x.shape[-1] // PATCHES)
    masks = _squares(x.shape[-2], x.shape[-1], side, max(1, side // 2) if overlapping else side)
    masks = masks.to(x.device)
    covered, maps = masks.to(x.dtype), []
    for picture, grey, label in zip(x, model.grey(x), classes.tolist(), strict=True):
        whole: Tensor = model(picture[None])[0, label]
        falls = [
            whole - model(grey.where(some[:, None], picture))[:, label]
            for some in torch.split(masks, MASKED_PER_PASS)
        ]
        total = torch.einsum("n,nhw->hw", torch.cat(falls).to(x.dtype), covered)
        maps.append(total / covered.sum(dim=0))
    return torch.stack(maps)


def _squares(height: int, width: int, side: int, stride: int) -> Tensor:
    """(N, H, W) bool, one square in each; those at the lower and right edge may be cut off."""
    masks = []
    for top in range(0, max(height - side + stride, 1), stride):
        for left in range(0, max(width - side + stride, 1), stride):
            mask = torch.zeros(height, width, dtype=torch.bool)
            mask[top : top + side, left : left + side] = True
            masks.append(mask)
    return torch.stack(masks)


def rise_masks(size: tuple[int, ...], count: int = RISE_MASKS, seed: int = 0) -> Tensor:
    """(N, H, W) smooth random masks in 0…1, always the same (RISE, section 3.2).

    Each is a grid of RISE_CELLS cells on a side, 1 with probability RISE_SHOWN and otherwise 0,
    enlarged bilinearly to one cell more than (H, W), and cut out at a random place.
    """
    generator = torch.Generator().manual_seed(seed)
    cells = [-(-side // RISE_CELLS) for side in size]  # px of a cell, rounded up
    shape = [(RISE_CELLS + 1) * cell for cell in cells]
    grids = torch.rand(count, 1, RISE_CELLS, RISE_CELLS, generator=generator) < RISE_SHOWN
    shifts = [torch.randint(0, cell, (count,), generator=generator).tolist() for cell in cells]
    masks = []
    for grid, top, left in zip(grids, *shifts, strict=True):
        large = F.interpolate(grid[None].float(), shape, mode="bilinear", align_corners=False)
        masks.append(large[0, 0, top : top + size[0], left : left + size[1]])
    return torch.stack(masks)


@torch.no_grad()
def rise_map(model: FerModel, picture: Tensor, label: int, masks: Tensor) -> Tensor:
    """RISE (Petsiuk et al., BMVC 2018, eq. 6), less the mean score, of a picture (C, H, W): (H, W).

    Eq. 6 is S(λ) = 1 / (E[M] · N) · Σ f(I ⊙ M_i) · M_i(λ), with f the probability of `label` and
    grey where a mask hides the picture: the mean score where λ is shown. Here the mean of all N
    scores is taken off each of them. That changes the map by a constant, so that it is positive
    where showing a place helps and negative where it harms, and removes the noise of Σ M_i(λ).
    """
    grey = model.grey(picture[None])[0]
    scores = torch.cat(
        [
            model(grey + (picture - grey) * some[:, None]).float().softmax(dim=1)[:, label]
            for some in torch.split(masks, MASKED_PER_PASS)
        ]
    )
    above = (scores - scores.mean()).to(masks)
    return torch.einsum("n,nhw->hw", above, masks) / (RISE_SHOWN * len(masks))
