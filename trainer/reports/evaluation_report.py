"""The figures of one evaluation, from the predictions that it wrote."""

from pathlib import Path

import numpy as np
import torch

from trainer.card import ModelCard
from trainer.data.face_data import FaceData
from trainer.models import FerModel
from trainer.reports.attention_figures import weights_of
from trainer.reports.figures import attention_strips, write_evaluation_figures


def write_figures(
    out: Path, model: FerModel, card: ModelCard, data: FaceData, device: torch.device
) -> list[Path]:
    """Draw beside `out`'s predictions.npz of `data`: confusion, right, wrong, and attention."""
    with np.load(out / "predictions.npz", allow_pickle=False) as predictions:
        logits = predictions["logits"]
    files = write_evaluation_figures(out, data, data.label, logits, card.classes, card.temperature)
    weights = weights_of(model, card, data, device)
    if weights is not None:
        files.append(out / "attention.png")
        attention_strips(weights, data.label, card.classes, files[-1])
    return files
