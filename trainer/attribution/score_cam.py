"""Score-CAM (Wang et al., CVPR Workshops 2020): channels weighted by what they let the net see."""

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.models.registry import FerModel

MASKS_PER_PASS = 32  # masked pictures in memory at a time


@torch.no_grad()
def score_cam(model: FerModel, x: Tensor, classes: Tensor, features: Tensor) -> Tensor:
    """Maps (B, 1, h, w) ≥ 0 of inputs x (B, C, H, W), whose layer has `features` (B, K, h, w).

    Each channel is enlarged to the input (bilinear), scaled to 0…1 by its own extent, and
    multiplied with the input, where 0 is grey. Its weight is the softmax, over the channels, of the
    increase of the class's logit over that of a grey input (eq. 4 and 5, algorithm 1). That
    baseline is the same for all channels and leaves the softmax as it is, so it is not computed.
    The map is ReLU(Σ weight · channel). A channel without extent shows nothing.
    """
    maps = []
    for picture, label, channels in zip(x, classes.tolist(), features.detach(), strict=True):
        scores = torch.cat(
            [
                model(picture * masks_of(part, (x.shape[2], x.shape[3])))[:, label].float()
                for part in torch.split(channels, MASKS_PER_PASS)
            ]
        )
        weights = scores.softmax(dim=0).to(channels)
        maps.append((weights[:, None, None] * channels).sum(dim=0, keepdim=True).relu())
    return torch.stack(maps)


def masks_of(channels: Tensor, size: tuple[int, int]) -> Tensor:
    """(K, 1, H, W) in 0…1 of channels (K, h, w); 0 for a channel without extent."""
    masks = F.interpolate(channels[:, None], size, mode="bilinear", align_corners=False)
    low, high = (bound(masks, dim=(2, 3), keepdim=True) for bound in (torch.amin, torch.amax))
    return torch.where(high > low, (masks - low) / (high - low), 0.0)
