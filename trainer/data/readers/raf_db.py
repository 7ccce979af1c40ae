"""RAF-DB's basic set (Li et al. 2017): `EmoLabel/list_patition_label.txt`, `Image/aligned/`.

The list's name is misspelt by its authors. Aligned pictures are 100 px; the original ones, of
any size, go through THE aligner like a camera's. There is no validation split: a tenth of `train`
is held out.
"""

from functools import partial
from pathlib import Path

from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.archive import Archive
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.labelled_files import LabelledFile, list_labelled_files
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions
from trainer.errors import DataError

LISTS = ("EmoLabel/list_patition_label.txt", "list_patition_label.txt")
CLASS_MAP = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happy",
    "5": "sad",
    "6": "angry",
    "7": "neutral",
}
# where the list's train_00001.jpg lies
ALIGNED = ("Image/aligned/{stem}_aligned.jpg", "aligned/{stem}_aligned.jpg", "{stem}_aligned.jpg")
ORIGINAL = ("Image/original/{stem}.jpg", "original/{stem}.jpg", "{stem}.jpg")


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with RAF-DB's list."""
    return path.is_dir() and any((path / name).is_file() for name in LISTS)


def list_pictures(
    path: Path, options: ReadOptions = DEFAULT_OPTIONS, original: bool = False
) -> Listing:
    """The pictures of the list, aligned by the authors or `original`, in its order.

    Raises DataError when there is none of them.
    """
    archive, bad = Archive(path), BadRows(path, "pictures")
    text = next(path / name for name in LISTS if (path / name).is_file())
    try:
        lines = text.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{text}: the list cannot be read ({error})") from error
    files = []
    forms = ORIGINAL if original else ALIGNED
    rows = [(row, line.split()) for row, line in enumerate(lines) if line.strip()]
    for row, cells in rows:
        if len(cells) != 2 or cells[1] not in CLASS_MAP:
            bad.add(f"{text.name} line {row + 1}", f"is {' '.join(cells)!r}, not a file and 1 to 7")
            continue
        stem, split = Path(cells[0]).stem, cells[0].split("_")[0]
        places = [form.format(stem=stem) for form in forms]
        file = next((place for place in places if archive.has(place)), None)
        if split not in ("train", "test"):
            bad.add(cells[0], "is of no split")
        elif file is None:
            bad.add(cells[0], "is missing")
        else:
            files.append(LabelledFile(row, file, split, cells[1], file))
    if not files:
        raise DataError(
            f"{path}: it has none of the {len(rows)} pictures of {text.name}",
            f"Looked for: {', '.join(form.format(stem='train_00001') for form in forms)}.",
        )
    return list_labelled_files(archive, "RAF-DB", files, bad, options.with_default_map(CLASS_MAP))


READERS = (
    Reader(
        "raf-db",
        f"RAF-DB ({LISTS[0]} and Image/aligned/)",
        recognises,
        list_pictures,
        takes_options=True,
        order=20,
    ),
    Reader(
        "raf-db-original",
        f"RAF-DB ({LISTS[0]} and Image/original/)",
        recognises,
        partial(list_pictures, original=True),
        by_name_only=True,
        takes_options=True,
        order=21,
    ),
)
