"""Pixels of widgets, and schematic faces with maps."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from ferapp.vision.hidden_areas import Hidden
from ferapp.vision.masking import hide
from ferapp.vision.types import Analysis, Face
from tests.support.ui.fake_engine import SIZE, analysis, face, with_maps
from trainer.faces.align import transform_points
from trainer.labels import EXPRESSIONS

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")


def pixels(widget: QWidget) -> NDArray[np.int64]:
    """The widget as (H, W, 3) RGB."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    return rows[..., :3].astype(int)


def rgb(colour: str) -> list[int]:
    c = QColor(colour)
    return [c.red(), c.green(), c.blue()]


def share(image: NDArray[np.int64], colour: str, tolerance: int = 24) -> float:
    """The share of pixels that have this colour."""
    return float((np.abs(image - rgb(colour)).sum(axis=-1) <= tolerance).mean())


def landmarks() -> NDArray[np.float32]:
    """68 points of a schematic face in the square −1…1, x to the right and y down."""

    def arc(x: float, y: float, a: float, b: float, angles: NDArray[np.float64]) -> list[object]:
        return [[x + a * np.cos(t), y + b * np.sin(t)] for t in np.deg2rad(angles)]

    turn = np.linspace
    points = [
        *arc(0, -0.1, 0.9, 1.05, turn(180, 0, 17)),  # jaw
        *arc(-0.4, -0.4, 0.3, 0.2, turn(190, 350, 5)),  # brows
        *arc(0.4, -0.4, 0.3, 0.2, turn(190, 350, 5)),
        *[[0, y] for y in turn(-0.3, 0.1, 4)],  # nose
        *arc(0, 0.12, 0.2, 0.1, turn(170, 10, 5)),
        *arc(-0.4, -0.25, 0.18, 0.09, turn(180, 480, 6)),  # eyes
        *arc(0.4, -0.25, 0.18, 0.09, turn(180, 480, 6)),
        *arc(0, 0.55, 0.38, 0.16, turn(180, 510, 12)),  # lips
        *arc(0, 0.55, 0.28, 0.07, turn(180, 495, 8)),
    ]
    return np.array(points, np.float32)


def drawn_face(
    centre: tuple[float, float] = (160.0, 120.0), half: float = 50.0, name: str = "happy"
) -> Face:
    points = landmarks() * half + np.array(centre, np.float32)
    return replace(face(centre, half, name), landmarks=points.astype(np.float32))


def hiding(shown: Analysis, hidden: Hidden) -> Analysis:
    """The same with this hidden from the model in the crops of its faces."""
    faces = []
    for one in shown.faces:
        assert one.crop is not None
        assert one.landmarks is not None
        points = transform_points(one.crop.from_frame, one.landmarks)
        masked, covered = hide(one.crop.pixels, points, hidden)
        faces.append(replace(one, crop=replace(one.crop, pixels=masked, covered=covered)))
    return replace(shown, faces=tuple(faces), hidden=hidden)


def mapped(strength: float = 1.0, index: int = 0) -> Analysis:
    """A face with a map per class: the map of class k is (k + 1) · `strength` / 10 everywhere."""
    values = (np.arange(len(EXPRESSIONS), dtype=np.float32) + 1) * strength / 10
    maps = np.broadcast_to(values[:, None, None], (len(EXPRESSIONS), SIZE, SIZE)).copy()
    one = with_maps(face(), maps, tuple(range(len(EXPRESSIONS))))
    return analysis(one, index=index)
