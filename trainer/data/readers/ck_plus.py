"""CK+ (Lucey et al. 2010): `cohn-kanade-images/S…/…/*.png` and `Emotion/S…/…/*_emotion.txt`.

Of each sequence with a label the last frame, the peak, has the label; the first one is neutral.
"""

from collections import defaultdict
from pathlib import Path, PurePosixPath

from trainer.data.readers.class_folders import is_folder_or_zip
from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.archive import UNREADABLE, Archive
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.csv_table import parse_number
from trainer.data.reading.labelled_files import LabelledFile, list_labelled_files
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions
from trainer.errors import DataError

IMAGES = "cohn-kanade-images"
LABEL_END = "_emotion.txt"
CODES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
CLASS_MAP = {str(code): name for code, name in enumerate(CODES)}
NEUTRAL = "0"


def recognises(path: Path) -> bool:
    """Whether `path` is a folder or zip with CK+'s sequences and labels."""
    if not is_folder_or_zip(path):
        return False
    archive = Archive(path)
    return any(name.endswith(LABEL_END) for name in archive.names()) and any(
        IMAGES in PurePosixPath(name).parts for name in archive.picture_names()
    )


def list_pictures(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Listing:
    """First and peak frames of the labelled sequences, by subject; there is no split.

    Raises DataError when no sequence has a label.
    """
    archive, bad = Archive(path), BadRows(path, "sequences")
    sequences: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name in archive.picture_names():
        if IMAGES in PurePosixPath(name).parts:
            sequences[_sequence(name)].append(name)
    files: list[LabelledFile] = []
    for name in archive.names():
        if not name.endswith(LABEL_END):
            continue
        frames = sequences.get(_sequence(name))
        try:
            code = _read_code(archive, name)
        except ValueError as error:
            bad.add(name, str(error))
            continue
        if not frames:
            bad.add(name, "has no frames")
            continue
        if len(frames) > 1:
            files.append(LabelledFile(len(files), frames[0], "train", NEUTRAL, frames[0]))
        files.append(LabelledFile(len(files), frames[-1], "train", code, frames[-1]))
    if not files:
        bad.check(len(bad.reasons))
        raise DataError(f"{path}: none of its sequences has a label")
    return list_labelled_files(archive, "CK+", files, bad, options.with_default_map(CLASS_MAP))


def _sequence(name: str) -> tuple[str, str]:
    """Subject and number of the sequence that a frame or label belongs to."""
    parts = PurePosixPath(name).parts
    return (parts[-3], parts[-2]) if len(parts) > 2 else ("", "")


def _read_code(archive: Archive, name: str) -> str:
    """Such as "3" of a file that holds `   3.0000000e+00`. Raises ValueError."""
    try:
        text = archive.read(name).decode("utf-8-sig", errors="replace")
    except UNREADABLE as error:
        raise ValueError(f"cannot be read ({error})") from error
    try:
        code = f"{parse_number(text):g}"
    except ValueError:
        code = ""
    if code not in CLASS_MAP:
        raise ValueError(f"holds {text.strip()[:20]!r}, known are 0 to 7")
    return code


READERS = (
    Reader(
        "ck-plus",
        f"CK+ ({IMAGES}/S…/ and Emotion/S…/*{LABEL_END})",
        recognises,
        list_pictures,
        takes_options=True,
        order=50,
    ),
)
