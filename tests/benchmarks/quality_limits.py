"""How often a model is right on faces that are small, dark, blurred, cut off, turned or unsure.

    python tests/benchmarks/quality_limits.py PREPARED [MODEL]

Prints the shares on both sides of the limits in `ferapp/vision/quality.py`, from the landmarks of
PREPARED's val split. Where it has too few such faces, its pictures are altered: cut at a side,
darkened with a camera's noise, shrunk, blurred.
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
Face = tuple[Picture, Points]
Result = tuple[Face, Picture, float, bool]  # with the crop, the confidence, whether it is right
BATCH = 256
ROUNDS = 4  # alterations of each picture

draw = np.random.default_rng(0)


def cut(picture: Picture, points: Points) -> Face:
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


def dark(picture: Picture, points: Points) -> Face:
    """With noise of 2 or 3 grey levels, and for half of them blacks cut off."""
    mean = max(float(picture.mean()), 1.0)
    dim = picture * (draw.uniform(8, 60) / mean) - 12 * draw.integers(2)
    noise = draw.normal(0, draw.uniform(2, 3), picture.shape)
    return (dim + noise).clip(0, 255).astype(np.uint8), points


def small(picture: Picture, points: Points) -> Face:
    factor = draw.uniform(8, 24) / quality.face_width(points)
    height, width = (max(1, round(side * factor)) for side in picture.shape)
    scale = np.array([width / picture.shape[1], height / picture.shape[0]], np.float32)
    shrunk = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8), ((points + 0.5) * scale - 0.5).astype(np.float32)


def blurred(picture: Picture, points: Points) -> Face:
    if draw.random() < 0.5:
        soft = cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.3, 2.0))
    else:
        length = int(draw.integers(2, 8))
        size = (length, 1) if draw.random() < 0.5 else (1, length)
        soft = cv2.blur(picture, size)
    return np.asarray(soft, np.uint8), points


def as_it_is(picture: Picture, points: Points) -> Face:
    return picture, points


def main(prepared: Path, model: str) -> None:
    classifier = Classifier(model, "cpu")
    data = load(prepared).of_split("val")
    data = data.select(np.flatnonzero(data.has_landmarks))
    assert data.classes == classifier.card.classes

    def right(
        make: Callable[[Picture, Points], Face],
    ) -> Iterator[Result]:
        for start in range(0, len(data), BATCH):
            rows = range(start, min(start + BATCH, len(data)))
            faces = [make(np.asarray(data.images[i]), data.landmarks[i]) for i in rows]
            crops = [align_face(*face, classifier.crop_size).crop for face in faces]
            probabilities = classifier.classify(np.stack(crops), attribution=False).probabilities
            for i, face, crop, p in zip(rows, faces, crops, probabilities, strict=True):
                yield face, crop, float(p.max()), bool(p.argmax() == data.label[i])

    plain = list(right(as_it_is))
    accuracy = np.mean([is_right for *_, is_right in plain])
    print(f"{model}: right on {accuracy:.1%} of {len(plain)} faces")

    def show(
        name: str, limit: float, values: list[float], results: list[Result], step: float
    ) -> None:
        for low, high in pairwise(limit + step * np.arange(-4, 5)):
            hits = [
                result[3]
                for value, result in zip(values, results, strict=True)
                if low <= value < high
            ]
            if hits:
                mark = "  <" if limit in (low, high) else ""
                print(
                    f"{name:8} {low:6.2f} to {high:6.2f} {np.mean(hits):6.1%} of {len(hits)}{mark}"
                )

    turned = [quality.angle_to_camera(face[1]) for face, *_ in plain]
    show("turned", quality.TURNED, turned, plain, 5)
    show("unsure", quality.UNSURE, [confidence for *_, confidence, _ in plain], plain, 0.1)
    for name, make, limit, step, measure in (
        ("cut off", cut, quality.CUT_OFF, 0.05, lambda face, crop: _outside(face)),
        ("dark", dark, quality.DARK, 5, lambda face, crop: quality.brightness(crop)),
        ("small", small, quality.SMALL, 1, lambda face, crop: quality.face_width(face[1])),
        ("blurred", blurred, quality.BLURRED, 0.05, lambda face, crop: quality.sharpness(crop)),
    ):
        results = [result for _ in range(ROUNDS) for result in right(make)]
        values = [measure(face, crop) for face, crop, *_ in results]
        show(name, limit, values, results, step)


def _outside(face: Face) -> float:
    height, width = face[0].shape
    return quality.share_outside(face[1], (width, height))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "default")
