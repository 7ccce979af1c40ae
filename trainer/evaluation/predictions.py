"""Logits and features that a model gives for many faces."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.card import ModelCard
from trainer.data.crops import LazyCrops, normalise, to_input, unit_pixels
from trainer.device import memory_format
from trainer.models.registry import FerModel

BATCH_SIZE = 256

Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """`logits` (N, K) and `features` (N, d) float32, in the order of the data.

    `valence_arousal` (N, 2) are those of a model that has learned them, else None.
    """

    logits: NDArray[np.float32]
    features: NDArray[np.float32]
    valence_arousal: NDArray[np.float32] | None = None


@torch.inference_mode()
def predict(
    model: FerModel,
    card: ModelCard,
    pixels: Tensor | LazyCrops,
    device: torch.device,
    tta: str = "none",
    progress: Progress = no_progress,
) -> Predictions:
    """Logits and features of aligned crops (N, S, S) uint8; with several views, their means.

    In place of crops a network for clips also takes frames' features (N, T, d) float32.

    `tta` flip: the crop and its mirror image; tencrop: the four corners and the centre of the
    crop, and their mirror images. `progress(done, total)` is called before every batch; an
    exception that it raises ends the prediction.
    """
    model.eval()
    logits, features, affects = [], [], []
    layout = memory_format(model, device)
    for start in range(0, len(pixels), BATCH_SIZE):
        progress(start, len(pixels))
        inputs = _views(pixels[start : start + BATCH_SIZE], card, tta)
        shown = layout if inputs[0].ndim == 4 else torch.preserve_format  # features have none
        embeddings = [model.embed(x.to(device, memory_format=shown)) for x in inputs]
        features.append(torch.stack(embeddings).mean(0).float().cpu())
        logits.append(torch.stack([model.classify(e).float() for e in embeddings]).mean(0).cpu())
        if model.affect is not None:
            affects.append(torch.stack([model.affect(e).float() for e in embeddings]).mean(0).cpu())
    return Predictions(
        torch.cat(logits).numpy(),
        torch.cat(features).numpy(),
        torch.cat(affects).numpy() if affects else None,
    )


def _views(crops: Tensor, card: ModelCard, tta: str) -> list[Tensor]:
    if crops.is_floating_point():
        return [crops]
    views = [to_input(crops, card.preprocessing)]
    if tta == "none":
        return views
    if tta == "tencrop":
        side = card.preprocessing.input_size
        pixels, end = unit_pixels(crops, card.preprocessing), crops.shape[-1] - side
        for y, x in ((0, 0), (0, end), (end, 0), (end, end)):
            corner = pixels[..., y : y + side, x : x + side]
            views.append(normalise(corner, card.preprocessing))
    return views + [view.flip(-1) for view in views]
