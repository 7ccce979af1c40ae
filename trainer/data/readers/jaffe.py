"""JAFFE (Lyons et al. 1998): the class is in the file name, `KA.AN1.39.tiff`."""

import re
from pathlib import Path, PurePosixPath

from trainer.data.readers.class_folders import is_folder_or_zip
from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.archive import Archive
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.labelled_files import LabelledFile, list_labelled_files
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions

# subject, expression and take, number
NAME = re.compile(r"[A-Z]{2}[.\-_](AN|DI|FE|HA|SA|SU|NE)\d*[.\-_]\d+(?:[.\-_ ].*)?\.\w+")
CLASS_MAP = {
    "an": "angry",
    "di": "disgust",
    "fe": "fear",
    "ha": "happy",
    "sa": "sad",
    "su": "surprise",
    "ne": "neutral",
}


def recognises(path: Path) -> bool:
    """Whether most pictures of a folder or zip are named like JAFFE's."""
    if not is_folder_or_zip(path):
        return False
    names = Archive(path).picture_names()
    return bool(names) and 2 * sum(_code(name) is not None for name in names) > len(names)


def list_pictures(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Listing:
    """The pictures in the order of their paths; there is no split."""
    archive, bad = Archive(path), BadRows(path, "pictures")
    archive.log_other_files()
    files = []
    for row, name in enumerate(archive.picture_names()):
        code = _code(name)
        if code is None:
            bad.add(name, "is not named like KA.AN1.39.tiff")
        else:
            files.append(LabelledFile(row, name, "train", code, name))
    return list_labelled_files(archive, "JAFFE", files, bad, options.with_default_map(CLASS_MAP))


def _code(name: str) -> str | None:
    match = NAME.fullmatch(PurePosixPath(name).name)
    return match[1] if match else None


READERS = (
    Reader(
        "jaffe",
        "JAFFE (files like KA.AN1.39.tiff)",
        recognises,
        list_pictures,
        takes_options=True,
        order=70,
    ),
)
