"""Drawn faces whose features move as the Facial Action Coding System says, with their landmarks."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 96  # px of the picture
_SCALE = 4  # it is drawn larger and shrunk


@dataclass(frozen=True)
class Pose:
    """What moves, in units of the face: 1 is strong. Up and open are positive."""

    inner_brow: float = 0.0
    outer_brow: float = 0.0
    frown: float = 0.0  # brows together
    lids: float = 0.0  # wider open
    wrinkle: float = 0.0  # of the nose
    corners: float = 0.0
    width: float = 0.0  # of the mouth
    jaw: float = 0.0  # mouth open
    lip: float = 0.0  # upper lip raised
    teeth: bool = False


POSES = {
    "angry": Pose(-1.0, 0.2, 1.0, -0.1, 0.3, -0.35, -0.3),
    "disgust": Pose(-0.7, -0.2, 0.6, -0.6, 1.0, -0.5, 0.0, 0.25, 0.9),
    "fear": Pose(1.0, 0.5, 0.7, 0.9, 0.0, -0.25, 0.6, 0.45, 0.0, True),
    "happy": Pose(0.1, 0.1, 0.0, -0.35, 0.0, 1.0, 0.8, 0.5, 0.2, True),
    "sad": Pose(0.9, -0.5, 0.4, -0.5, 0.0, -0.9, -0.1),
    "surprise": Pose(1.1, 1.1, 0.0, 1.0, 0.0, 0.0, -0.5, 1.3),
    "neutral": Pose(),
}


def cartoon(expression: str, draw: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray]:
    """A grey face (SIDE, SIDE) and its 68 landmarks (68, 2) in its px."""
    strength = draw.uniform(0.6, 1.1)
    pose = Pose(
        *(
            float(v) * strength + draw.normal(0, 0.08)
            for v in list(vars(POSES[expression]).values())[:-1]
        ),
        POSES[expression].teeth,
    )
    face = _Face(pose, draw)
    image = face.paint()
    turn = cv2.getRotationMatrix2D((0, 0), draw.uniform(-8, 8), draw.uniform(0.92, 1.04))
    centre = np.array([0.5, 0.5]) * SIDE * _SCALE
    turn[:, 2] += centre - turn[:, :2] @ centre + draw.normal(0, 5, 2)
    image = cv2.warpAffine(image, turn, (SIDE * _SCALE,) * 2, borderMode=cv2.BORDER_REPLICATE)
    image = cv2.GaussianBlur(image, (0, 0), 0.35 * _SCALE)
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    noisy = small + draw.normal(0, 3, small.shape)
    points = (face.landmarks() @ turn[:, :2].T + turn[:, 2] + 0.5) / _SCALE - 0.5
    return np.clip(noisy, 0, 255).astype(np.uint8), points.astype(np.float32)


class _Face:
    """Coordinates: the face's middle is (0, 0), 1 is half its width, y goes down."""

    def __init__(self, pose: Pose, draw: np.random.Generator) -> None:
        self.pose = pose
        self.skin = draw.uniform(105, 205)
        self.hair = min(self.skin - 40, draw.uniform(20, 120))
        self.ground = draw.uniform(40, 220)
        self.light = draw.uniform(-0.35, 0.35)
        self.long_hair = draw.random() < 0.5
        self.chin = draw.uniform(1.2, 1.34)
        self.eye_x = draw.uniform(0.40, 0.46)
        self.size = 0.36 * SIDE * _SCALE

    def px(self, points: NDArray) -> NDArray:
        return np.asarray(points) * self.size + SIDE * _SCALE * np.array([0.5, 0.47])

    # --- the parts, as points ---------------------------------------------------------------

    def brow(self, side: int) -> NDArray:
        """Five points from the inner to the outer end."""
        p, t = self.pose, np.linspace(0, 1, 5)
        x = 0.17 - 0.05 * p.frown + t * 0.5
        arch = -0.08 * np.sin(np.pi * t)
        y = -0.46 + arch - 0.13 * (p.inner_brow * (1 - t) + p.outer_brow * t) + 0.03 * t
        return np.stack([side * x, y], 1)

    def eye(self, side: int) -> NDArray:
        """Six points: inner corner, upper lid, outer corner, lower lid."""
        open_ = 0.075 * (1 + 0.75 * self.pose.lids)
        x, y = self.eye_x, -0.22
        low = open_ * (0.75 - 0.25 * max(self.pose.corners, 0))
        return np.array(
            [
                [side * (x - 0.16), y + 0.02],
                [side * (x - 0.06), y - open_],
                [side * (x + 0.07), y - open_],
                [side * (x + 0.17), y],
                [side * (x + 0.07), y + low],
                [side * (x - 0.06), y + low],
            ]
        )

    def mouth(self) -> tuple[NDArray, NDArray]:
        """Outer (12) and inner (8) lips, from the left corner over the top."""
        p = self.pose
        half = 0.36 * (1 + 0.28 * p.width)
        y = 0.62
        lift = 0.12 * p.corners
        gap = 0.17 * max(p.jaw, 0.0)
        t = np.linspace(-1, 1, 7)
        curve = -lift * (t**2) + 0.4 * lift
        top = y + curve - 0.055 - 0.4 * gap - 0.06 * p.lip * (1 - t**2)
        bottom = y + curve + (0.07 + gap) * (1 - t**2) ** 0.6
        top[[0, -1]] = bottom[[0, -1]] = y + curve[[0, -1]]
        outer = np.concatenate(
            [np.stack([half * t, top], 1), np.stack([half * t, bottom], 1)[5:0:-1]]
        )
        s = np.linspace(-0.85, 0.85, 5)
        mid = -lift * s**2 + 0.4 * lift
        room = (gap + 0.03 * max(p.lip, 0)) * (1 - s**2)
        upper = y + mid - 0.35 * room - 0.004
        lower = y + mid + 0.75 * room + 0.004
        inner = np.concatenate(
            [np.stack([half * s, upper], 1), np.stack([half * s, lower], 1)[3:0:-1]]
        )
        return outer, inner

    def nose(self) -> NDArray:
        up = -0.03 * max(self.pose.wrinkle, 0)
        line = [[0, y] for y in np.linspace(-0.2, 0.22 + up, 4)]
        base = [[x, 0.3 + up - 0.04 * (1 - abs(x) / 0.16)] for x in (-0.16, -0.08, 0, 0.08, 0.16)]
        return np.array(line + base)

    def jaw(self) -> NDArray:
        drop = 0.1 * max(self.pose.jaw, 0)
        angle = np.linspace(np.pi, 0, 17)
        return np.stack([0.98 * np.cos(angle), (self.chin + drop) * np.sin(angle) - 0.15], 1)

    def landmarks(self) -> NDArray:
        outer, inner = self.mouth()
        left, right = self.eye(-1), self.eye(1)
        parts = [
            self.jaw(),
            self.brow(-1)[::-1],
            self.brow(1),
            self.nose(),
            left[[3, 2, 1, 0, 5, 4]],
            right,
            outer,
            inner,
        ]
        return self.px(np.concatenate(parts))

    # --- painting ---------------------------------------------------------------------------

    def paint(self) -> NDArray:
        side = SIDE * _SCALE
        image = np.full((side, side), self.ground, np.float32)
        image += np.linspace(-25, 25, side, dtype=np.float32)[None]
        hair_bottom = 0.9 if self.long_hair else 0.1
        cv2.ellipse(image, self._at(0, -0.28), self._by(1.14, 1.12), 0, 0, 360, self.hair, -1)
        if self.long_hair:
            box = self.px(np.array([[-1.13, -0.3], [1.13, hair_bottom]])).astype(int)
            cv2.rectangle(image, tuple(box[0].tolist()), tuple(box[1].tolist()), self.hair, -1)
        cv2.rectangle(image, self._at(-0.4, 0.8), self._at(0.4, 2.2), self.skin * 0.82, -1)
        mask = np.zeros_like(image)
        self._fill(mask, np.concatenate([self.jaw(), _forehead()]), 1.0)
        x = np.linspace(-1, 1, side, dtype=np.float32)[None]
        y = np.linspace(-1, 1, side, dtype=np.float32)[:, None]
        shade = self.skin * (1 + self.light * x - 0.12 * y - 0.22 * (x**2 + y**2))
        image = image * (1 - mask) + shade * mask
        self._paint_features(image)
        return image

    def _paint_features(self, image: NDArray) -> None:
        p, dark = self.pose, self.skin * 0.45
        soft = np.zeros_like(image)
        for side in (-1, 1):  # what casts shadows: sockets, nose, cheeks
            cv2.ellipse(
                soft, self._at(side * self.eye_x, -0.27), self._by(0.24, 0.16), 0, 0, 360, 26, -1
            )
            cv2.line(
                soft, self._at(side * 0.1, -0.15), self._at(side * 0.15, 0.28), 22, self._w(0.06)
            )
            if p.corners > 0.3 or p.lip > 0.4:
                cv2.line(
                    soft, self._at(side * 0.24, 0.3), self._at(side * 0.5, 0.62), 34, self._w(0.05)
                )
        cv2.line(soft, self._at(-0.2, 0.86), self._at(0.2, 0.86), 22, self._w(0.06))
        image -= cv2.GaussianBlur(soft, (0, 0), 0.06 * self.size)
        for side in (-1, 1):
            self._fill(image, _smooth(self.eye(side)), 225)
            iris = np.zeros_like(image)
            lid = np.zeros_like(image)
            self._fill(lid, _smooth(self.eye(side)), 1)
            cv2.circle(iris, self._at(side * self.eye_x, -0.225), int(0.085 * self.size), 1, -1)
            image[(iris * lid) > 0] = 45
            self._line(image, _smooth(self.eye(side)[:4], closed=False), dark * 0.6, 0.03)
            self._line(image, self.brow(side), min(self.hair, self.skin * 0.5), 0.085)
            for k in range(3 if p.wrinkle > 0.6 else 0):
                self._line(
                    image,
                    np.array([[side * 0.07, -0.12 + 0.08 * k], [side * 0.2, -0.06 + 0.08 * k]]),
                    dark,
                    0.022,
                )
        if p.frown > 0.45:
            for side in (-1, 1):
                self._line(
                    image, np.array([[side * 0.06, -0.52], [side * 0.05, -0.36]]), dark, 0.025
                )
        nose = self.nose()
        self._line(image, nose[4:], dark, 0.03)
        outer, inner = self.mouth()
        self._fill(image, _smooth(outer), self.skin * 0.66)
        if p.jaw > 0.15:
            self._fill(image, inner, 30)
            if p.teeth:
                teeth = np.concatenate(
                    [inner[:5], (inner[:5] * 0.9 + [0, 0.06 + 0.05 * p.jaw])[::-1]]
                )
                self._fill(image, teeth, 228)
        else:
            self._line(image, inner[:5], dark * 0.7, 0.03)

    def _at(self, x: float, y: float) -> tuple[int, int]:
        a, b = self.px(np.array([x, y])).round().astype(int).tolist()
        return a, b

    def _by(self, x: float, y: float) -> tuple[int, int]:
        return int(x * self.size), int(y * self.size)

    def _w(self, width: float) -> int:
        return max(1, round(width * self.size))

    def _fill(self, image: NDArray, points: NDArray, value: float) -> None:
        cv2.fillPoly(image, [self.px(points).round().astype(np.int32)], value)

    def _line(self, image: NDArray, points: NDArray, value: float, width: float) -> None:
        path = self.px(points).round().astype(np.int32)
        cv2.polylines(image, [path], False, value, self._w(width), cv2.LINE_AA)


def _forehead() -> NDArray:
    angle = np.linspace(0, -np.pi, 17)
    return np.stack([0.98 * np.cos(angle), 0.85 * np.sin(angle) - 0.15], 1)


def _smooth(points: NDArray, closed: bool = True) -> NDArray:
    """More points on Catmull-Rom curves through these."""
    around = (
        np.concatenate([points[-1:], points, points[:2]])
        if closed
        else np.concatenate([points[:1], points, points[-1:]])
    )
    found = []
    for a, b, c, d in zip(around, around[1:], around[2:], around[3:], strict=False):
        for t in np.linspace(0, 1, 8, endpoint=False):
            found.append(
                0.5
                * (
                    2 * b
                    + (c - a) * t
                    + (2 * a - 5 * b + 4 * c - d) * t**2
                    + (3 * b - a - 3 * c + d) * t**3
                )
            )
    return np.array(found)
