"""How often a model is right on faces that are small, dark, blurred, cut off, turned or unsure.

`python tests/benchmarks/doubts.py PREPARED [MODEL]` prints the shares on both sides of the limits
in `ferapp/vision/doubts.py`, from the landmarks of PREPARED's val split. Where it has too few such
faces, its pictures are made so: cut at a side, darkened with a camera's noise, shrunk, blurred.
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
Made = tuple[Picture, Points]
Seen = tuple[Made, Picture, float, bool]  # its crop, the model's certainty, whether it is right
BATCH = 256
ROUNDS = 4  # each picture is made so often

draw = np.random.default_rng(0)


def cut(picture: Picture, points: Points) -> Made:
    """Part of the points outside, at a side that is drawn."""
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


def dark(picture: Picture, points: Points) -> Made:
    """With noise of 2 or 3 grey levels, and for half of them blacks cut off."""
    mean = max(float(picture.mean()), 1.0)
    dim = picture * (draw.uniform(8, 60) / mean) - 12 * draw.integers(2)
    noise = draw.normal(0, draw.uniform(2, 3), picture.shape)
    return (dim + noise).clip(0, 255).astype(np.uint8), points


def small(picture: Picture, points: Points) -> Made:
    factor = draw.uniform(8, 24) / quality.face_width(points)
    height, width = (max(1, round(side * factor)) for side in picture.shape)
    scale = np.array([width / picture.shape[1], height / picture.shape[0]], np.float32)
    shrunk = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8), ((points + 0.5) * scale - 0.5).astype(np.float32)


def blurred(picture: Picture, points: Points) -> Made:
    if draw.random() < 0.5:
        soft = cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.3, 2.0))
    else:
        length = int(draw.integers(2, 8))
        size = (length, 1) if draw.random() < 0.5 else (1, length)
        soft = cv2.blur(picture, size)
    return np.asarray(soft, np.uint8), points


def as_it_is(picture: Picture, points: Points) -> Made:
    return picture, points


def main(prepared: Path, model: str) -> None:
    classifier = Classifier(model, "cpu")
    found = load(prepared).of_split("val")
    found = found.select(np.flatnonzero(found.has_landmarks))
    assert found.classes == classifier.card.classes

    def right(
        make: Callable[[Picture, Points], Made],
    ) -> Iterator[Seen]:
        for start in range(0, len(found), BATCH):
            rows = range(start, min(start + BATCH, len(found)))
            made = [make(np.asarray(found.images[i]), found.landmarks[i]) for i in rows]
            crops = [align_face(*each, classifier.crop_size).crop for each in made]
            answer = classifier.classify(np.stack(crops), attribution=False).probabilities
            for i, each, crop, p in zip(rows, made, crops, answer, strict=True):
                yield each, crop, float(p.max()), bool(p.argmax() == found.label[i])

    plain = list(right(as_it_is))
    print(f"{model}: right on {np.mean([each[3] for each in plain]):.1%} of {len(plain)} faces")

    def show(name: str, limit: float, values: list[float], seen: list[Seen], step: float) -> None:
        for low, high in pairwise(limit + step * np.arange(-4, 5)):
            hits = [
                each[3] for value, each in zip(values, seen, strict=True) if low <= value < high
            ]
            if hits:
                mark = "  <" if limit in (low, high) else ""
                print(
                    f"{name:8} {low:6.2f} to {high:6.2f} {np.mean(hits):6.1%} of {len(hits)}{mark}"
                )

    turned = [quality.angle_to_camera(made[1]) for made, *_ in plain]
    show("turned", quality.TURNED, turned, plain, 5)
    show("unsure", quality.UNSURE, [each[2] for each in plain], plain, 0.1)
    for name, make, limit, step, measure in (
        ("cut off", cut, quality.CUT_OFF, 0.05, lambda made, crop: _outside(made)),
        ("dark", dark, quality.DARK, 5, lambda made, crop: quality.brightness(crop)),
        ("small", small, quality.SMALL, 1, lambda made, crop: quality.face_width(made[1])),
        ("blurred", blurred, quality.BLURRED, 0.05, lambda made, crop: quality.sharpness(crop)),
    ):
        seen = [each for _ in range(ROUNDS) for each in right(make)]
        values = [measure(made, crop) for made, crop, *_ in seen]
        show(name, limit, values, seen, step)


def _outside(made: Made) -> float:
    height, width = made[0].shape
    return quality.share_outside(made[1], (width, height))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "default")
