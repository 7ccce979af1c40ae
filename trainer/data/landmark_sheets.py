"""Sheets of pictures with their landmarks and action units, to see whether both are in place."""

from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from trainer.data.face_data import FaceData
from trainer.faces.action_units import au_heatmap, expressions_of
from trainer.faces.points import CONTOURS_68
from trainer.files import file_stem, write_atomic

COLUMNS, ROWS = 6, 4
PER_CLASS = COLUMNS * ROWS
SIDE = 224  # of a picture on the sheet, in px
CAPTION = 18  # height of the line below it, in px
UNITS_COLOUR, POINTS_COLOUR, LINES_COLOUR = (40, 120, 255), (80, 255, 80), (0, 140, 0)  # BGR
UNITS_STRENGTH = 0.35  # of the action units over the picture


def write_landmark_sheets(data: FaceData, out: Path) -> dict[Path, int]:
    """`landmarks-<class>.png` for each class with samples, and how many pictures are on it.

    At most `PER_CLASS` pictures a class, spread evenly over the data set, as they are (not
    aligned). Orange: the action units of the label; a caption names the sample, and says so where
    it has no landmarks. Raises OSError that names the file.
    """
    written = {}
    for label, name in enumerate(data.classes):
        rows = np.flatnonzero(data.label == label)
        if not len(rows):
            continue
        places = np.linspace(0, len(rows) - 1, min(PER_CLASS, len(rows))).round().astype(int)
        cells = [drawn_sample(data, int(row)) for row in rows[places]]
        file = out / f"landmarks-{file_stem(name)}.png"
        _write_png(file, _sheet(cells))
        written[file] = len(cells)
    return written


def drawn_sample(data: FaceData, row: int) -> NDArray[np.uint8]:
    """(SIDE + CAPTION, SIDE, 3) BGR: the picture, scaled to fit, landmarks, caption."""
    picture = np.asarray(data.images[row])
    scale = SIDE / max(picture.shape)
    height, width = (max(1, round(side * scale)) for side in picture.shape)
    grey = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
    cell = np.zeros((SIDE + CAPTION, SIDE, 3), np.uint8)
    cell[:height, :width] = grey[:, :, None]
    caption = str(data.sample_id[row])
    if data.has_landmarks[row]:
        points = (data.landmarks[row] + 0.5) * scale - 0.5
        _draw_units(cell[:SIDE], points, data.classes[data.label[row]])
        _draw_points(cell[:SIDE], points)
    else:
        caption = f"no landmarks: {caption}"
    white, font = (255, 255, 255), cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(cell, caption[-34:], (2, SIDE + 13), font, 0.36, white, 1, cv2.LINE_AA)
    return cell


def _draw_units(cell: NDArray[np.uint8], points: NDArray[np.float32], name: str) -> None:
    heat = au_heatmap(torch.from_numpy(points)[None], SIDE, expressions_of([name]))[0].numpy()
    share = UNITS_STRENGTH * heat[:, :, None]
    cell[:] = ((1 - share) * cell + share * np.array(UNITS_COLOUR)).round().astype(np.uint8)


def _draw_points(cell: NDArray[np.uint8], points: NDArray[np.float32]) -> None:
    places = [(round(float(x)), round(float(y))) for x, y in points]
    for contour in CONTOURS_68:
        line = np.array([places[point] for point in contour], np.int32)
        cv2.polylines(cell, [line], False, LINES_COLOUR, 1, cv2.LINE_AA)
    for place in places:
        cv2.circle(cell, place, 1, POINTS_COLOUR, -1)


def _sheet(cells: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    columns = min(COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    sheet = np.zeros((rows * (SIDE + CAPTION), columns * SIDE, 3), np.uint8)
    for place, cell in enumerate(cells):
        y, x = place // columns * (SIDE + CAPTION), place % columns * SIDE
        sheet[y : y + SIDE + CAPTION, x : x + SIDE] = cell
    return sheet


def _write_png(file: Path, pixels: NDArray[np.uint8]) -> None:
    encoded = cv2.imencode(".png", pixels)[1].tobytes()
    write_atomic(file, lambda stream: stream.write(encoded))
