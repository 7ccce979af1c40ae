"""The attention weights that DACL-like networks give their features, and how alike they are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.card import ModelCard
from trainer.data.crops import align_all, to_input
from trainer.data.face_data import FaceData
from trainer.models.registry import FerModel, capture_outputs

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class AttentionAgreement:
    """Mean cosine similarity of mean-centred weights, over all pairs of different samples.

    `within` is over pairs of the same class, `between` over pairs of different classes,
    `per_class` over the pairs of each class that has at least two samples. NaN without pairs.
    """

    within: float
    between: float
    per_class: dict[str, float]


def attention_weights(
    model: FerModel, card: ModelCard, data: FaceData, device: torch.device
) -> NDArray[np.float32] | None:
    """Weights (N, d) in (0, 1) of all samples; None for a network without attention."""
    batches, pixels = [], align_all(data, card.preprocessing).pixels
    for start in range(0, len(pixels), BATCH_SIZE):
        x = to_input(pixels[start : start + BATCH_SIZE], card.preprocessing)
        weights = _batch_weights(model, x.to(device))
        if weights is None:
            return None
        batches.append(weights.float().cpu().numpy())
    return np.concatenate(batches)


@torch.inference_mode()
def _batch_weights(model: FerModel, x: Tensor) -> Tensor | None:
    model.eval()
    features: dict[str, Tensor] = {}
    with capture_outputs(model, {model.attribution_layer}, features):
        model.embed(x)
    return model.attend(features[model.attribution_layer])


def attention_agreement(
    weights: NDArray[np.float32], labels: NDArray[np.int64], classes: Sequence[str]
) -> AttentionAgreement:
    """How alike weights (N, d) are within and between classes."""
    centred = weights.astype(np.float64) - weights.mean(axis=0, dtype=np.float64)
    units = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)
    # the sum over all pairs of cosines is |Σ units|² − Σ |unit|²: no N × N matrix is needed
    within_sum, within_pairs, per_class = 0.0, 0, {}
    for label, name in enumerate(classes):
        class_units = units[labels == label]
        similarity, pairs = _pair_sum(class_units), len(class_units) * (len(class_units) - 1)
        if pairs:
            per_class[name] = similarity / pairs
        within_sum, within_pairs = within_sum + similarity, within_pairs + pairs
    between_pairs = len(units) * (len(units) - 1) - within_pairs
    between_sum = _pair_sum(units) - within_sum
    return AttentionAgreement(
        within=within_sum / within_pairs if within_pairs else float("nan"),
        between=between_sum / between_pairs if between_pairs else float("nan"),
        per_class=per_class,
    )


def _pair_sum(units: NDArray[np.float64]) -> float:
    """Σ over ordered pairs of different rows of their dot product."""
    return float((units.sum(axis=0) ** 2).sum() - (units**2).sum())
