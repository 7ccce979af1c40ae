"""From prepared pictures to what the network sees: aligned crops and normalised inputs."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainer.card import Preprocessing
from trainer.data.facedata import FaceData
from trainer.faces.align import align_face, raw_crop, transform


@dataclass(frozen=True, slots=True)
class Crops:
    """Aligned crops in memory.

    `pixels` (N, S, S) uint8; `landmarks` (N, 68, 2) float32 in crop pixels, NaN where none were
    found (those crops are the unaligned pictures); `labels` (N,); `targets` (N, K) probabilities.
    """

    pixels: Tensor
    landmarks: Tensor
    labels: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def align_all(data: FaceData, preprocessing: Preprocessing, votes_share: float = 0.0) -> Crops:
    """Align every sample of `data`.

    Targets mix the label (one-hot) with the annotators' vote shares: label · (1 − votes_share)
    + votes · votes_share, where a sample has votes.
    """
    size = preprocessing.crop_size
    pixels = np.empty((len(data), size, size), np.uint8)
    landmarks = np.full((len(data), 68, 2), np.nan, np.float32)
    for index, (image, found) in enumerate(zip(data.images, data.has_landmarks, strict=True)):
        picture = np.asarray(image)
        if found:
            face = align_face(picture, data.landmarks[index], size)
            landmarks[index] = transform(face.matrix, data.landmarks[index])
        else:
            face = raw_crop(picture, size)
        pixels[index] = face.crop
    targets = np.eye(len(data.classes), dtype=np.float32)[data.label]
    voted = ~np.isnan(data.votes[:, 0])
    targets[voted] += votes_share * (data.votes[voted] - targets[voted])
    return Crops(
        torch.from_numpy(pixels),
        torch.from_numpy(landmarks),
        torch.from_numpy(data.label),
        torch.from_numpy(targets),
    )


def centre(crops: Tensor, size: int) -> Tensor:
    """The central size × size of (…, S, S)."""
    start = (crops.shape[-1] - size) // 2
    return crops[..., start : start + size, start : start + size]


def normalise(x: Tensor, preprocessing: Preprocessing) -> Tensor:
    """(B, 1, h, w) pixels in [0, 1] → the network's input."""
    if preprocessing.normalisation == "fixed":
        return (x - preprocessing.mean) / preprocessing.std
    deviation, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True, correction=0)
    return (x - mean) / (deviation + 1e-2)


def to_input(crops: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Crops (B, S, S) uint8 → (B, 1, s, s) float32: central part, scaled, normalised."""
    x = centre(crops, preprocessing.input_size).float().div(255)[:, None]
    return normalise(x, preprocessing)
