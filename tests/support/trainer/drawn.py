"""Drawn faces with known landmarks, and data sets of them."""

from pathlib import Path

import cv2
import numpy as np

from trainer.data.face_data import FaceData
from trainer.faces.align import ANCHORS, TEMPLATE
from trainer.labels import EXPRESSIONS


def template_landmarks() -> np.ndarray:
    """68 points: the aligner's anchors on the template, all others on the nose."""
    points = np.tile(np.array([23.5, 27.6], np.float32), (68, 1))
    points[ANCHORS] = TEMPLATE
    return points


def drawn_face(label: int, draw: np.random.Generator) -> np.ndarray:
    """A 48 × 48 grey face whose mouth and brows depend on the label, with random light."""
    face = np.full((48, 48), draw.integers(90, 130), np.uint8)
    cv2.ellipse(face, (24, 26), (17, 21), 0, 0, 360, int(draw.integers(150, 200)), -1)
    lift = (-3, 2, 4, 0, 1, 5, 0)[label]
    for x, tilt in ((15, 1), (33, -1)):
        cv2.circle(face, (x, 19), 2, 30, -1)
        rise = tilt * (2 if label == 0 else -2 if label == 4 else 0)
        cv2.line(face, (x - 4, 14 - lift // 2 - rise), (x + 4, 14 - lift // 2 + rise), 40, 1)
    if label == 5:
        cv2.ellipse(face, (24, 37), (4, 6), 0, 0, 360, 20, -1)
    elif label == 2:
        cv2.rectangle(face, (17, 35), (31, 39), 20, -1)
    else:
        bend = {3: 5, 4: -5, 0: -2, 1: -3, 6: 0}[label]
        points = [(x, round(37 + bend * (1 - ((x - 24) / 8) ** 2))) for x in range(16, 33)]
        cv2.polylines(face, [np.array(points, np.int32)], False, 20, 2)
    noisy = face + draw.normal(0, 4, face.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def drawn_data(
    per_class: int, splits: tuple[str, ...] = ("train", "val"), seed: int = 0
) -> FaceData:
    """Drawn faces with landmarks, the same number of each class in each split."""
    draw = np.random.default_rng(seed)
    label = np.tile(np.repeat(np.arange(7), per_class), len(splits))
    count = len(label)
    return FaceData(
        name="drawn",
        classes=EXPRESSIONS,
        images=np.stack([drawn_face(int(k), draw) for k in label]),
        sample_id=np.array([f"drawn-{i:05d}" for i in range(count)]),
        source_index=np.arange(count),
        split=np.repeat(np.array(splits), 7 * per_class),
        label=label,
        landmarks=np.tile(template_landmarks(), (count, 1, 1)),
        votes=np.full((count, 7), np.nan, np.float32),
        landmark_source="mediapipe",
    )


def write_fer2013(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    lines = ["emotion,pixels,Usage", *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def fer2013_row(label: int, usage: str, draw: np.random.Generator) -> tuple[str, str, str]:
    pixels = drawn_face(label, draw).ravel().tolist()
    return str(label), " ".join(map(str, pixels)), usage


def drawn_affect(valence: float, arousal: float, draw: np.random.Generator) -> np.ndarray:
    """A 48 × 48 grey face whose mouth bends up with valence, and whose eyes open with arousal."""
    face = np.full((48, 48), draw.integers(90, 130), np.uint8)
    cv2.ellipse(face, (24, 26), (17, 21), 0, 0, 360, int(draw.integers(150, 200)), -1)
    opening = round(16 * (2.2 + 1.8 * arousal))
    for x in (15, 33):
        cv2.ellipse(face, (16 * x, 16 * 19), (16 * 4, opening), 0, 0, 360, 30, -1, shift=4)
    across = np.linspace(-1, 1, 17)
    points = np.stack([24 + 8 * across, 37 + 5 * valence * (1 - across**2)], 1)
    cv2.polylines(face, [np.rint(16 * points).astype(np.int32)], False, 20, 2, shift=4)
    noisy = face + draw.normal(0, 4, face.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def drawn_affect_data(train: int, val: int, unknown: int = 0, seed: int = 0) -> FaceData:
    """Happy faces of positive, sad ones of negative valence; the first `unknown` state nothing."""
    draw = np.random.default_rng(seed)
    count = train + val
    affect = draw.uniform(-1, 1, (count, 2)).astype(np.float32)
    images = np.stack([drawn_affect(float(v), float(a), draw) for v, a in affect])
    label = np.where(affect[:, 0] > 0, EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad"))
    affect[:unknown] = np.nan
    return FaceData(
        name="drawn affect",
        classes=EXPRESSIONS,
        images=images,
        sample_id=np.array([f"affect-{i:05d}" for i in range(count)]),
        source_index=np.arange(count),
        split=np.array(["train"] * train + ["val"] * val),
        label=label,
        landmarks=np.tile(template_landmarks(), (count, 1, 1)),
        votes=np.full((count, 7), np.nan, np.float32),
        valence_arousal=affect,
        landmark_source="mediapipe",
    )


def drawn_clips(train: int, val: int, frames: int = 8, seed: int = 0) -> FaceData:
    """Clips of a mouth that bends up while it is happy, and back while it is sad.

    Both kinds show the same pictures: only their order differs.
    """
    draw = np.random.default_rng(seed)
    count = train + val
    label = np.array([EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")])[np.arange(count) % 2]
    images = []
    for kind in label:
        start, rise, arousal = draw.uniform(-1, 0), draw.uniform(0.8, 1.0), draw.uniform(-0.5, 1)
        path = start + rise * np.linspace(0, 1, frames)
        if EXPRESSIONS[kind] == "sad":
            path = path[::-1]
        images += [drawn_affect(float(bend), float(arousal), draw) for bend in path]
    return FaceData(
        name="drawn clips",
        classes=EXPRESSIONS,
        images=np.stack(images),
        sample_id=np.array([f"{c:04d}/{f}.png" for c in range(count) for f in range(frames)]),
        source_index=np.repeat(np.arange(count), frames),
        split=np.repeat(np.array(["train"] * train + ["val"] * val), frames),
        label=np.repeat(label, frames),
        landmarks=np.tile(template_landmarks(), (count * frames, 1, 1)),
        votes=np.full((count * frames, 7), np.nan, np.float32),
        landmark_source="mediapipe",
        clip=np.repeat(np.arange(count), frames),
    )
