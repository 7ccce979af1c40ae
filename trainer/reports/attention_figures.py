"""DACL's attention weights of pictures, for the figures."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.card import ModelCard
from trainer.data.crops import align_all, to_input
from trainer.data.face_data import FaceData
from trainer.errors import UsageError
from trainer.models import create, names
from trainer.models.registry import FerModel, capture_outputs
from trainer.models.skip_init import shapes_only

BATCH = 256


def dacl_weights(model: FerModel, x: Tensor) -> Tensor:
    """Weights (B, d) in (0, 1) of the features of inputs (B, C, H, W).

    Raises UsageError that names the models with attention when this one has none.
    """
    weights = _weights(model, x)
    if weights is None:
        raise UsageError(
            f"this {type(model).__name__} has no attention weights",
            f"Models with attention: {', '.join(attentive())}, unless it was left out "
            "(attention=False, or exported without --keep-attention).",
        )
    return weights


def attentive() -> list[str]:
    """Architectures that weigh their features."""
    with shapes_only():
        return [name for name in names() if type(create(name)).attend is not FerModel.attend]


def weights_of(
    model: FerModel, card: ModelCard, data: FaceData, device: torch.device
) -> NDArray[np.float32] | None:
    """Weights (N, d) of all samples; None of a model without attention."""
    parts, pixels = [], align_all(data, card.preprocessing).pixels
    for start in range(0, len(pixels), BATCH):
        x = to_input(pixels[start : start + BATCH], card.preprocessing)
        part = _weights(model, x.to(device))
        if part is None:
            return None
        parts.append(part.float().cpu().numpy())
    return np.concatenate(parts)


@torch.inference_mode()
def _weights(model: FerModel, x: Tensor) -> Tensor | None:
    model.eval()
    maps: dict[str, Tensor] = {}
    with capture_outputs(model, {model.attribution_layer}, maps):
        model.embed(x)
    return model.attend(maps[model.attribution_layer])
