"""Copies samples out as folders of pictures, one for each class. Slow: run it in a task queue."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.review.classify_pictures import ReadPicture
from ferapp.runs.task_queue import ReportProgress
from ferapp.sources.heavy_imports import load_opencv
from trainer.errors import DataError

UNLABELLED = "unlabelled"
_REPORT_EVERY = 20  # pictures


def export_class_folders(
    folder: Path,
    samples: Sequence[tuple[int, str, str]],
    read_picture: ReadPicture,
    report: ReportProgress,
) -> int:
    """Write FOLDER/LABEL/SAMPLE.png for each (row, sample id, label), and return their number.

    A sample without a label goes to `unlabelled`. Raises DataError when the folder has something
    in it, or when a picture is missing or cannot be written.
    """
    load_opencv()
    import cv2

    _check_empty(folder)
    written = set[Path]()
    for number, (row, sample_id, label) in enumerate(samples):
        if number % _REPORT_EVERY == 0:
            report(f"Writing picture {number + 1:,} of {len(samples):,}…")
        picture: NDArray[np.uint8] | None = read_picture(row)
        if picture is None:
            raise DataError(f"The picture of sample {sample_id} is missing")
        file = folder / (label or UNLABELLED) / f"{_file_name(sample_id)}.png"
        if file in written:  # another id with the same letters
            file = file.with_stem(f"{file.stem}-{row}")
        written.add(file)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        except OSError as error:
            raise DataError(f"{file} could not be written ({error.strerror})") from error
    return len(samples)


def _check_empty(folder: Path) -> None:
    try:
        has_content = folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror})") from error
    if has_content:
        raise DataError(f"{folder} is not empty", "Choose an empty folder, or a new one.")


def _file_name(sample_id: str) -> str:
    """Of a sample, whose id may be a path."""
    return re.sub(r"[^\w.-]+", "_", sample_id).strip(".") or "sample"
