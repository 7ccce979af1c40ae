"""Which faces are found by size, and what else is, with and without the second look.

    python tests/benchmarks/small_faces.py [PICTURES]

Crowds of the demo clip's face: frames drawn at random, mirrored, lighter or darker, upright or
turned by any angle, apart or overlapping, on plain and textured backgrounds in turn. The size is
that of the mesh's box. Found: a mesh at the true place, of the true size, turned within 30 degrees
of the truth. Error: mean distance of the 68 points from those of the large face, as a share of the
size.
"""

import math
import sys
import time
from dataclasses import dataclass
from itertools import islice
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.sources.video import VideoFile
from trainer.faces.align import transform_points
from trainer.faces.face_finder import FaceFinder
from trainer.faces.landmarker import DetectedFace, FaceLandmarker
from trainer.faces.second_look import place_of_mesh
from trainer.files import asset

Picture = NDArray[np.uint8]
SIZES = (24, 32, 48, 64, 96, 128, 192, 256, 400)
WIDTH, HEIGHT = 1920, 1080
MOST = 64
SPACING = 1.9  # of the size, from face to face
OVERLAPPING = 1.25
PATCH = 0.85  # radius around a face, as a share of its size


@dataclass(frozen=True, slots=True)
class Model:
    """A picture of one face, and where its points are."""

    rgb: Picture
    face: DetectedFace


@dataclass(slots=True)
class Tally:
    faces: int = 0
    found: int = 0
    false: int = 0
    ms: float = 0.0
    errors: list[float] | None = None

    def row(self) -> str:
        error = f"{100 * median(self.errors):.1f} %" if self.errors else "-"
        return f"{self.found / max(1, self.faces):6.1%} {self.false:4} {self.ms:7.0f} {error:>7}"


draw = np.random.default_rng(0)


def models() -> list[Model]:
    source = VideoFile(asset("demo/demo.mp4"))
    made = []
    with FaceLandmarker() as landmarker:
        for number, frame in enumerate(iter(source.read, None)):
            if number % 16 == 0:
                for image in (frame.image, frame.image[:, ::-1]):
                    rgb = np.ascontiguousarray(image[..., ::-1])
                    made += [Model(rgb, face) for face in landmarker(rgb)[:1]]
    source.close()
    return made


def background(textured: bool) -> Picture:
    plain = np.full((HEIGHT, WIDTH, 3), draw.integers(50, 200, 3), np.float32)
    if textured:
        for cell in (8, 24, 90, 300):
            noise = draw.normal(0, 22, (HEIGHT // cell + 2, WIDTH // cell + 2, 3)).astype(
                np.float32
            )
            plain += cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    plain += draw.normal(0, 2, plain.shape).astype(np.float32)
    return plain.clip(0, 255).astype(np.uint8)


def paste(
    crowd: Picture, model: Model, size: float, x: float, y: float, roll: float
) -> DetectedFace:
    """Draw the face into the crowd, with an oval of its surroundings; returns the truth."""
    left, top, width, height = model.face.box
    scale = size / ((width + height) / 2)
    c, s = scale * math.cos(roll), scale * math.sin(roll)
    middle_x, middle_y = left + width / 2, top + height / 2
    matrix = np.array(
        [(c, -s, x - c * middle_x + s * middle_y), (s, c, y - s * middle_x - c * middle_y)]
    )
    soft = cv2.GaussianBlur(model.rgb, (0, 0), max(0.35 / scale, 0.01)) if scale < 1 else model.rgb
    light = np.clip(soft * draw.uniform(0.6, 1.25), 0, 255).astype(np.uint8)
    moved = cv2.warpAffine(light, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.ones(model.rgb.shape[:2], np.uint8), matrix, (WIDTH, HEIGHT))
    oval = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.circle(oval, (round(x), round(y)), round(PATCH * size), 1, -1)
    shown = (inside & oval).astype(bool)
    crowd[shown] = moved[shown]
    return DetectedFace(np.asarray(transform_points(matrix, model.face.mesh), np.float32))


def crowd_of(
    made: list[Model], size: int, *, textured: bool, turned: bool, overlapping: bool
) -> tuple[Picture, list[DetectedFace]]:
    crowd = background(textured)
    step = max(size * (OVERLAPPING if overlapping else SPACING), 30)
    margin = 0.6 * size
    places = [
        (x, y)
        for y in np.arange(margin, HEIGHT - margin, step)
        for x in np.arange(margin, WIDTH - margin, step)
    ]
    draw.shuffle(places)
    truth = []
    for x, y in islice(places, 30):
        roll = draw.uniform(-math.pi, math.pi) if turned else draw.normal(0, 0.15)
        x, y = x + draw.uniform(0, 0.05 * size), y + draw.uniform(0, 0.05 * size)
        truth.append(paste(crowd, made[draw.integers(len(made))], size, x, y, roll))
    return crowd, truth


def error(face: DetectedFace, true: DetectedFace) -> float:
    size = sum(true.box[2:]) / 2
    return float(np.hypot(*(face.landmarks - true.landmarks).T).mean() / size)


def matches(face: DetectedFace, true: DetectedFace) -> bool:
    seen, there = place_of_mesh(face), place_of_mesh(true)
    near = math.hypot(seen.x - there.x, seen.y - there.y) < 0.3 * there.side
    angle = math.cos(seen.roll - there.roll) > math.cos(math.radians(30))
    return near and 0.6 < seen.side / there.side < 1.6 and angle


def count(
    tally: Tally, finder: FaceLandmarker | FaceFinder, crowd: Picture, truth: list[DetectedFace]
) -> None:
    began = time.perf_counter()
    found = finder(crowd)
    tally.ms += 1000 * (time.perf_counter() - began)
    tally.faces += len(truth)
    tally.errors = tally.errors or []
    for true in truth:
        same = [face for face in found if matches(face, true)]
        tally.found += bool(same)
        tally.errors += [error(face, true) for face in same[:1]]
    tally.false += sum(not any(matches(face, true) for true in truth) for face in found)


def main(pictures: int) -> None:
    made = models()
    print(f"{pictures} pictures of up to 30 faces, {WIDTH} by {HEIGHT} px")
    print("found, false alarms, ms a picture, error: landmarker alone | with the second look")
    with (
        FaceLandmarker(max_faces=MOST, details=True) as alone,
        FaceFinder(max_faces=MOST) as both,
    ):
        for turned in (False, True):
            for overlapping in (False, True):
                for size in SIZES:
                    rows = [Tally(), Tally()]
                    for number in range(pictures):
                        crowd, truth = crowd_of(
                            made,
                            size,
                            textured=bool(number % 2),
                            turned=turned,
                            overlapping=overlapping,
                        )
                        for tally, finder in zip(rows, (alone, both), strict=True):
                            count(tally, finder, crowd, truth)
                    for tally in rows:
                        tally.ms /= pictures
                    kind = "any turn " if turned else "upright  "
                    kind += "overlapping" if overlapping else "apart      "
                    print(f"{size:4} px {kind} {rows[0].row()} | {rows[1].row()}", flush=True)
        empty = [background(textured) for textured in (False, True) for _ in range(pictures)]
        for name, finder in (("landmarker alone", alone), ("with the second look", both)):
            found = sum(len(finder(picture)) for picture in empty)
            print(f"{len(empty)} pictures without faces, {name}: {found} found")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
