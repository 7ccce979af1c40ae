"""RAF-DB's basic set (Li et al. 2017): `EmoLabel/list_patition_label.txt`, `Image/aligned/`.

The list's name is misspelt by its authors. Aligned pictures are 100 px; the original ones, of
any size, go through THE aligner like a camera's. There is no validation split: a tenth of `train`
is held out.
"""

from pathlib import Path

from trainer.data.pictures import Archive, Entry, Listing, listing_of, tell_classes
from trainer.data.tables import BadRows
from trainer.errors import DataError

LISTS = ("EmoLabel/list_patition_label.txt", "list_patition_label.txt")
CLASS_OF = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happy",
    "5": "sad",
    "6": "angry",
    "7": "neutral",
}
# the list's train_00001.jpg lies as …
ALIGNED = ("Image/aligned/{stem}_aligned.jpg", "aligned/{stem}_aligned.jpg", "{stem}_aligned.jpg")
ORIGINAL = ("Image/original/{stem}.jpg", "original/{stem}.jpg", "{stem}.jpg")


def recognises(path: Path) -> bool:
    """Whether `path` is a folder with RAF-DB's list."""
    return path.is_dir() and any((path / name).is_file() for name in LISTS)


def listing(path: Path, original: bool = False) -> Listing:
    """The pictures of the list, aligned by the authors or `original`, in its order.

    Raises DataError when there is none of them.
    """
    archive, bad = Archive(path), BadRows(path, "pictures")
    text = next(path / name for name in LISTS if (path / name).is_file())
    try:
        lines = text.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{text}: the list cannot be read ({error})") from error
    entries = []
    looked_for = ORIGINAL if original else ALIGNED
    rows = [(row, line.split()) for row, line in enumerate(lines) if line.strip()]
    for row, words in rows:
        if len(words) != 2 or words[1] not in CLASS_OF:
            bad.add(f"{text.name} line {row + 1}", f"is {' '.join(words)!r}, not a file and 1 to 7")
            continue
        stem, split = Path(words[0]).stem, words[0].split("_")[0]
        files = [name.format(stem=stem) for name in looked_for]
        file = next((name for name in files if archive.has(name)), None)
        if split not in ("train", "test"):
            bad.add(words[0], "is of no split")
        elif file is None:
            bad.add(words[0], "is missing")
        else:
            entries.append(Entry(row, file, split, CLASS_OF[words[1]], file))
    if not entries:
        raise DataError(
            f"{path}: it has none of the {len(rows)} pictures of {text.name}",
            f"Looked for: {', '.join(name.format(stem='train_00001') for name in looked_for)}.",
        )
    tell_classes(path, CLASS_OF)
    return listing_of(archive, "RAF-DB", entries, bad)
