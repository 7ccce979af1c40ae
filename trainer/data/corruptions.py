"""Corruptions like those of a poor camera, to measure how much accuracy remains."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.data.crops import LazyCrops

Picture = NDArray[np.uint8]
BLUR = 1.5 / 64  # σ as a share of the side
NOISE = 0.05  # σ; full scale is 1
ROLL = 10.0  # degrees
QUALITY = 30  # of JPEG


def _gain(factor: float) -> Callable[[Picture], Any]:
    return lambda crop: np.clip(crop * np.float32(factor), 0, 255)


def _jpeg(crop: Picture) -> Any:
    _, coded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def _blur(crop: Picture) -> Any:
    return cv2.GaussianBlur(crop, (0, 0), BLUR * crop.shape[0])


def _noise(crop: Picture) -> Any:
    """The same pattern for every crop, so that results are reproducible."""
    pattern = np.random.default_rng(0).normal(0, 255 * NOISE, crop.shape)
    return np.clip(np.rint(crop + pattern), 0, 255)


def _roll(crop: Picture) -> Any:
    middle = (crop.shape[1] - 1) / 2, (crop.shape[0] - 1) / 2
    turn = cv2.getRotationMatrix2D(middle, ROLL, 1.0)
    return cv2.warpAffine(crop, turn, crop.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


# Each takes a grey crop. Rolled crops simulate a misalignment: alignment itself undoes the roll
# of a face in the picture.
CORRUPTIONS: dict[str, Callable[[Picture], Any]] = {
    "gain 0.5": _gain(0.5),
    "gain 1.6": _gain(1.6),
    f"JPEG {QUALITY}": _jpeg,
    "blur σ 1.5 at 64 px": _blur,
    f"noise σ {NOISE}": _noise,
    f"roll {ROLL:.0f}°": _roll,
}


def corrupted(crops: Tensor | LazyCrops, name: str) -> Tensor:
    """(N, S, S) uint8 crops with the named corruption."""
    change = CORRUPTIONS[name]
    return torch.from_numpy(np.stack([change(crop).astype(np.uint8) for crop in crops[:].numpy()]))
