"""Accuracy of a model on faces that are small, dark, blurred, cut off, turned or unsure.

`python tests/benchmarks/quality_limits.py PREPARED [MODEL]` prints the accuracies on both sides of
the limits in `ferapp/vision/quality.py`, from the landmarks of PREPARED's val split. Where it has
too few such faces, its pictures are modified: cut off, darkened with a camera's noise, scaled down,
blurred.
"""

import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision import quality
from ferapp.vision.classifier import Classifier
from trainer.data.face_data import load
from trainer.faces.align import align_face

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]
Sample = tuple[Picture, Points]
Result = tuple[Sample, Picture, float, bool]  # sample, crop, top probability, correct
BATCH = 256
ROUNDS = 4  # modified copies of each picture

draw = np.random.default_rng(0)


def cut(picture: Picture, points: Points) -> Sample:
    """Some landmarks outside the picture, on a random side."""
    axis, low, share = int(draw.integers(2)), bool(draw.integers(2)), draw.uniform(0.05, 0.5)
    at = int(np.quantile(points[:, axis], share if low else 1 - share).round())
    at = min(max(at, 4), picture.shape[1 - axis] - 4)
    rows, columns = slice(None), slice(at, None) if low else slice(None, at)
    if axis:
        rows, columns = columns, rows
    moved = points.copy()
    if low:
        moved[:, axis] -= at
    return np.ascontiguousarray(picture[rows, columns]), moved


def dark(picture: Picture, points: Points) -> Sample:
    """With noise of 2 to 3 grey levels; for half of the pictures, blacks are clipped."""
    mean = max(float(picture.mean()), 1.0)
    dim = picture * (draw.uniform(8, 60) / mean) - 12 * draw.integers(2)
    noise = draw.normal(0, draw.uniform(2, 3), picture.shape)
    return (dim + noise).clip(0, 255).astype(np.uint8), points


def small(picture: Picture, points: Points) -> Sample:
    factor = draw.uniform(8, 24) / quality.face_width(points)
    height, width = (max(1, round(side * factor)) for side in picture.shape)
    scale = np.array([width / picture.shape[1], height / picture.shape[0]], np.float32)
    shrunk = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8), ((points + 0.5) * scale - 0.5).astype(np.float32)


def blurred(picture: Picture, points: Points) -> Sample:
    if draw.random() < 0.5:
        soft = cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.3, 2.0))
    else:
        length = int(draw.integers(2, 8))
        size = (length, 1) if draw.random() < 0.5 else (1, length)
        soft = cv2.blur(picture, size)
    return np.asarray(soft, np.uint8), points


def unchanged(picture: Picture, points: Points) -> Sample:
    return picture, points


def main(prepared: Path, model: str) -> None:
    classifier = Classifier(model, "cpu")
    data = load(prepared).of_split("val")
    data = data.select(np.flatnonzero(data.has_landmarks))
    assert data.classes == classifier.card.classes

    def classify(modify: Callable[[Picture, Points], Sample]) -> Iterator[Result]:
        for start in range(0, len(data), BATCH):
            rows = range(start, min(start + BATCH, len(data)))
            samples = [modify(np.asarray(data.images[i]), data.landmarks[i]) for i in rows]
            crops = [align_face(*sample, classifier.crop_size).crop for sample in samples]
            result = classifier.classify(np.stack(crops), attribution=False).probabilities
            for i, sample, crop, p in zip(rows, samples, crops, result, strict=True):
                yield sample, crop, float(p.max()), bool(p.argmax() == data.label[i])

    plain = list(classify(unchanged))
    accuracy = np.mean([correct for *_, correct in plain])
    print(f"{model}: {accuracy:.1%} correct of {len(plain)} faces")
    turned = [quality.angle_to_camera(points) for (_, points), *_ in plain]
    show("turned", quality.TURNED, turned, plain, 5)
    show("unsure", quality.UNSURE, [top for _, _, top, _ in plain], plain, 0.1)
    for name, modify, limit, step, measure in (
        ("cut off", cut, quality.CUT_OFF, 0.05, lambda sample, crop: _outside(sample)),
        ("dark", dark, quality.DARK, 5, lambda sample, crop: quality.brightness(crop)),
        ("small", small, quality.SMALL, 1, lambda sample, crop: quality.face_width(sample[1])),
        ("blurred", blurred, quality.BLURRED, 0.05, lambda sample, crop: quality.sharpness(crop)),
    ):
        results = [result for _ in range(ROUNDS) for result in classify(modify)]
        values = [measure(sample, crop) for sample, crop, *_ in results]
        show(name, limit, values, results, step)


def show(name: str, limit: float, values: list[float], results: list[Result], step: float) -> None:
    """Accuracy in intervals around `limit`."""
    for low, high in pairwise(limit + step * np.arange(-4, 5)):
        correct = [
            result[3] for value, result in zip(values, results, strict=True) if low <= value < high
        ]
        if correct:
            mark = "  <" if limit in (low, high) else ""
            share = f"{np.mean(correct):6.1%} of {len(correct)}"
            print(f"{name:8} {low:6.2f} to {high:6.2f} {share}{mark}")


def _outside(sample: Sample) -> float:
    height, width = sample[0].shape
    return quality.share_outside(sample[1], (width, height))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "default")
