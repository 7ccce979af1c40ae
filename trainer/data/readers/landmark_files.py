"""Landmarks that another tool found: a file a picture, 68 rows of `x y` (iBUG's order)."""

import logging
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from trainer.data.pictures import Listing
from trainer.data.tables import read_array
from trainer.errors import DataError

log = logging.getLogger(__name__)

SUFFIXES = (".npy", ".txt", ".pts")
SHOWN = 5


def with_landmarks(listing: Listing, folder: Path) -> Listing:
    """The listing with the landmarks of `folder`, in the pixels of the pictures as they are.

    The file of `train/happy/a.jpg` is `train/happy/a.npy`, `.txt` or `.pts`, or `a` alone.
    Pictures without a file have no landmarks. Raises DataError when there is none for any, or
    when a file does not hold 68 points.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder of landmarks")
    points = np.full((len(listing.sample_id), 68, 2), np.nan, np.float32)
    missing = []
    for row, name in enumerate(listing.sample_id):
        file = _file_of(folder, PurePosixPath(name))
        if file is None:
            missing.append(name)
        else:
            points[row] = _read(file)
    if len(missing) == len(points):
        stem = PurePosixPath(missing[0]).with_suffix("")
        raise DataError(
            f"{folder}: it has no landmarks of {listing.name}",
            f"Looked for: {stem} with {', '.join(SUFFIXES)}.",
        )
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        named = ", ".join(missing[:SHOWN]) + more
        log.warning("%s: no landmarks for %d pictures: %s", folder, len(missing), named)
    return replace(listing, landmarks=points, landmark_source="files")


def _file_of(folder: Path, name: PurePosixPath) -> Path | None:
    places = (folder / name.with_suffix(""), folder / name.stem)
    files = (place.with_name(place.name + suffix) for place in places for suffix in SUFFIXES)
    return next((file for file in files if file.is_file()), None)


def _read(file: Path) -> NDArray[np.float32]:
    try:
        if file.suffix == ".npy":
            points = read_array(file)
        else:
            lines = file.read_text(encoding="utf-8").replace(",", " ").split("\n")
            rows = [line.split() for line in lines]
            pairs = [row for row in rows if len(row) == 2 and _numbers(row)]
            points = np.array([[float(x), float(y)] for x, y in pairs])
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: the landmarks cannot be read ({error})") from error
    if points.shape != (68, 2):
        raise DataError(f"{file}: its shape is {points.shape}, expected are 68 rows of x y")
    if points.dtype.kind not in "iuf" or not (np.abs(points) < 1e9).all():
        raise DataError(f"{file}: it holds what is no place in a picture")
    return np.asarray(points, np.float32)


def _numbers(words: list[str]) -> bool:
    """Whether all are numbers: a .pts file has words above and below its points."""
    try:
        [float(word) for word in words]
    except ValueError:
        return False
    return True
