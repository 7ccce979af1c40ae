"""The features of clips' frames, and predictions of clips."""

import numpy as np
import torch

from trainer.card import ModelCard
from trainer.data.clips import clip_rows
from trainer.data.crops import Crops, align_all
from trainer.data.face_data import FaceData
from trainer.evaluation.metrics import softmax
from trainer.evaluation.predictions import Predictions, Progress, no_progress, predict
from trainer.models.networks.clip_networks import ClipModel
from trainer.models.registry import FerModel


def clip_features(
    frame: FerModel,
    card: ModelCard,
    data: FaceData,
    device: torch.device,
    progress: Progress = no_progress,
) -> Crops:
    """A sample for each clip of `data`: `pixels` (clips, T, d) are its frames' features.

    Raises UsageError for data without clips.
    """
    rows = clip_rows(data)
    crops = align_all(data, card.preprocessing)
    features = predict(frame, card, crops.pixels, device, progress=progress).features
    first = rows[:, 0]
    return Crops(
        torch.from_numpy(features)[torch.from_numpy(rows)],
        torch.full((len(rows), 68, 2), torch.nan),
        crops.labels[first],
        crops.targets[first],
        torch.full((len(rows), 2), torch.nan),
    )


def predict_clips(
    model: FerModel,
    card: ModelCard,
    data: FaceData,
    device: torch.device,
    tta: str = "none",
    progress: Progress = no_progress,
) -> Predictions:
    """One prediction for each clip, in the order of `clip_rows`.

    A network for clips reads the frames in time. Of any other model the mean of its frames'
    probabilities counts, whatever their order: the logits are the logarithm of it, times the
    temperature, so that the card's temperature gives that mean.
    """
    if isinstance(model, ClipModel):
        crops = clip_features(model.frame, card, data, device, progress)
        return predict(model, card, crops.pixels, device)
    rows = clip_rows(data)
    crops = align_all(data, card.preprocessing)
    frames = predict(model, card, crops.pixels, device, tta, progress)
    mean = softmax(frames.logits, card.temperature)[rows].mean(axis=1)
    logits = card.temperature * np.log(np.maximum(mean, 1e-12))
    return Predictions(logits.astype(np.float32), frames.features[rows].mean(axis=1))
