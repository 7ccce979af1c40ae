"""Prepared pictures to aligned crops and the network's normalised input."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from trainer.card import Preprocessing
from trainer.data.face_data import FaceData
from trainer.faces.align import crop_face, crop_matrix, transform_points


@dataclass(frozen=True, slots=True)
class LazyCrops:
    """(N, S, S) uint8 crops that are aligned on access."""

    data: FaceData
    sizes: Preprocessing

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, rows: Tensor | slice) -> Tensor:
        """(B, S, S) of rows (B,) or of a slice. Safe from any thread."""
        indices = rows.tolist() if isinstance(rows, Tensor) else range(len(self))[rows]
        size = self.sizes.crop_size
        pixels = np.empty((len(indices), size, size), np.uint8)
        for place, index in enumerate(indices):
            picture, points = np.asarray(self.data.images[index]), self.data.landmarks[index]
            pixels[place] = crop_face(picture, points, self.sizes).crop
        return torch.from_numpy(pixels)


@dataclass(frozen=True, slots=True)
class Crops:
    """Aligned crops.

    `pixels` (N, S, S) uint8; `landmarks` (N, 68, 2) float32 in crop pixels, NaN where none were
    detected (those crops are unaligned pictures); `labels` (N,); `targets` (N, K) probabilities;
    `valence_arousal` (N, 2) float32, NaN where unknown.
    """

    pixels: Tensor | LazyCrops
    landmarks: Tensor
    labels: Tensor
    targets: Tensor
    valence_arousal: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def align_all(
    data: FaceData,
    preprocessing: Preprocessing,
    votes_share: float = 0.0,
    votes: Literal["soft", "majority"] = "soft",
    memory: float = 4.0,
) -> Crops:
    """Align every sample of `data`: now, or on access where the crops exceed `memory` GiB.

    Targets mix the label (one-hot) with the annotators' vote shares: label · (1 − votes_share)
    + votes · votes_share, where a sample has votes. "majority" gives all votes to the class with
    the most; on a tie the shares stay.
    """
    size = preprocessing.crop_size
    landmarks = np.full((len(data), 68, 2), np.nan, np.float32)
    for index in np.flatnonzero(data.has_landmarks):
        points = data.landmarks[index]
        matrix = crop_matrix(points, preprocessing)
        landmarks[index] = transform_points(matrix.astype(np.float32), points)
    pixels: Tensor | LazyCrops = LazyCrops(data, preprocessing)
    if len(data) * size * size <= memory * 2**30:
        pixels = pixels[:]
    targets = np.eye(len(data.classes), dtype=np.float32)[data.label]
    has_votes = ~np.isnan(data.votes[:, 0])
    shares = data.votes[has_votes]
    if votes == "majority":
        is_top = shares == shares.max(axis=1, keepdims=True)
        shares = np.where(is_top.sum(axis=1, keepdims=True) == 1, is_top, shares)
    targets[has_votes] += votes_share * (shares - targets[has_votes])
    affect = data.valence_arousal
    if affect is None:
        affect = np.full((len(data), 2), np.nan, np.float32)
    return Crops(pixels, *map(torch.from_numpy, (landmarks, data.label, targets, affect)))


def centre(crops: Tensor, size: int) -> Tensor:
    """The central size × size of (…, S, S), S ≥ size."""
    start = (crops.shape[-1] - size) // 2
    return crops[..., start : start + size, start : start + size]


def unit_pixels(crops: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Crops (B, S, S) grey or (B, S, S, 3) RGB uint8 → (B, C, S, S) in [0, 1].

    The channels are the network's: a grey picture of a network for colours has three alike.
    """
    x = crops.float().div(255)
    x = x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)
    if x.shape[1] < preprocessing.channels:
        x = x.expand(-1, preprocessing.channels, -1, -1)
    return x.flip(1) if preprocessing.colour == "bgr" else x


def normalise(x: Tensor, preprocessing: Preprocessing) -> Tensor:
    """(B, C, h, w) pixels in [0, 1] → the network's input."""
    if preprocessing.normalisation == "fixed":
        mean, std = (_per_channel(each, x) for each in (preprocessing.mean, preprocessing.std))
        return (x - mean) / std
    deviation, mean = torch.std_mean(x, dim=(1, 2, 3), keepdim=True, correction=0)
    return (x - mean) / (deviation + 1e-2)


def _per_channel(values: float | tuple[float, ...], like: Tensor) -> float | Tensor:
    if isinstance(values, tuple):
        return like.new_tensor(values)[:, None, None]
    return values


def to_input(crops: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Crops (B, S, S) or (B, S, S, 3) uint8 → (B, C, s, s): central part, scaled, normalised."""
    x = centre(unit_pixels(crops, preprocessing), preprocessing.input_size)
    return normalise(x, preprocessing)
