"""Landmarks from another tool: one file per picture, 68 rows of `x y` in iBUG's order."""

import logging
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from trainer.data.array_files import read_array
from trainer.data.reading.bad_rows import name_some
from trainer.data.reading.listing import Listing
from trainer.errors import DataError, UsageError

log = logging.getLogger(__name__)

SUFFIXES = (".npy", ".txt", ".pts")


def check_landmark_folder(folder: Path) -> None:
    """Raise UsageError where there is no such folder."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder of landmarks")


def with_landmarks(listing: Listing, folder: Path) -> Listing:
    """The listing with the landmarks of `folder`, which are in pixels of the picture files.

    The file of `train/happy/a.jpg` is `train/happy/a.npy`, `.txt` or `.pts`, or `a` alone.
    Pictures without a file have no landmarks. Raises DataError when there is none for any, or
    when a file does not hold 68 points.
    """
    check_landmark_folder(folder)
    points = np.full((len(listing.sample_id), 68, 2), np.nan, np.float32)
    missing = []
    for row, name in enumerate(listing.sample_id):
        file = _find_file(folder, PurePosixPath(name))
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
        log.warning(
            "%s: no landmarks for %d pictures: %s", folder, len(missing), name_some(missing)
        )
    return replace(listing, landmarks=points, landmark_source="files")


def _find_file(folder: Path, name: PurePosixPath) -> Path | None:
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
            pairs = [row for row in rows if len(row) == 2 and _all_numbers(row)]
            points = np.array([[float(x), float(y)] for x, y in pairs])
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: the landmarks cannot be read ({error})") from error
    if points.shape != (68, 2):
        raise DataError(f"{file}: its shape is {points.shape}, expected are 68 rows of x y")
    if points.dtype.kind not in "iuf" or not (np.abs(points) < 1e9).all():
        raise DataError(f"{file}: a landmark lies outside of any picture")
    return np.asarray(points, np.float32)


def _all_numbers(cells: list[str]) -> bool:
    """Whether all are numbers: a .pts file has text above and below its points."""
    try:
        [float(cell) for cell in cells]
    except ValueError:
        return False
    return True
