"""A CSV that names pictures, their expressions and splits: `file,label,split`; one CSV a fold.

Further columns are ignored, `emotion` or `expression` may stand for `label`. Files lie beside the
CSV or below its folder. A folder or zip with a `labels.csv` is the same. Without a split column
everything is `train`, of which a tenth is held out as `val`. Contempt is left out.
"""

import io
import zipfile
from collections import Counter
from pathlib import Path

from trainer.data.pictures import (
    UNREADABLE,
    Archive,
    Entry,
    Listing,
    listing_of,
    log,
    tell_classes,
)
from trainer.data.readers.class_folders import SPLIT_OF_FOLDER
from trainer.data.tables import BadRows, csv_rows
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS, SYNONYMS, canonical

LIST = "labels.csv"
LEFT_OUT = {"contempt"}  # of eight-class data sets
LABELS = ("label", "emotion", "expression")


def recognises(path: Path) -> bool:
    """Whether `path` is such a CSV, or a folder or zip with one named labels.csv."""
    head = _text(path, 4096)
    if head is None:
        return False
    columns = [name.strip() for name in head.split("\n")[0].split(",")]
    return "file" in columns and any(name in columns for name in LABELS)


def listing(path: Path) -> Listing:
    """The pictures in the order of the list. Raises DataError when a label is unknown."""
    archive = Archive(path.parent if path.suffix.lower() == ".csv" else path)
    bad = BadRows(path, "pictures")
    text = _text(path) or ""
    lines = list(csv_rows(io.StringIO(text), path))
    column = next((name for name in LABELS if lines and name in lines[0]), LABELS[0])
    given = Counter((line[column] or "").strip().lower() for line in lines)
    unknown = sorted(label for label in given if not canonical(label) and label not in LEFT_OUT)
    if unknown:
        raise DataError(
            f"{path}: unknown labels: {', '.join(map(repr, unknown[:8]))}",
            f"Known are {', '.join((*EXPRESSIONS, *SYNONYMS))}; numbers differ between data sets.",
        )
    entries = []
    for row, line in enumerate(lines):
        if (line[column] or "").strip().lower() in LEFT_OUT:
            continue
        file, expression = line["file"] or "", canonical(line[column] or "") or ""
        split = SPLIT_OF_FOLDER.get((line.get("split") or "train").strip().lower())
        if split is None:
            bad.add(f"row {row + 1}", f"has the split {line['split']!r}, not train, val or test")
        elif not archive.has(file):
            bad.add(file or f"row {row + 1}", "is missing")
        else:
            entries.append(Entry(row, file, split, expression, file))
    if not entries:
        bad.check(len(lines))
        raise DataError(f"{path}: it lists no pictures")
    tell_classes(path, {label: name for label in given if (name := canonical(label))})
    for other in LEFT_OUT & set(given):
        log.info("%s: left out: %d of %s", path, given[other], other)
    return listing_of(archive, path.resolve().stem, entries, bad)


def listed(path: Path) -> list[Path]:
    """The pictures that a list names and that are there; none where `path` is no list."""
    if path.suffix.lower() != ".csv" or not recognises(path):
        return []
    lines = csv_rows(io.StringIO(_text(path) or ""), path)
    files = (path.parent / line["file"] for line in lines if line["file"])
    return [file for file in files if file.is_file()]


def _text(path: Path, most: int = -1) -> str | None:
    """The list, or its beginning; None where there is none."""
    try:
        if path.is_dir():
            path = path / LIST
        if path.suffix.lower() == ".csv":
            with path.open(encoding="utf-8", errors="replace") as stream:
                return stream.read(most)
        with zipfile.ZipFile(path) as archive, archive.open(LIST) as packed:
            return packed.read(most).decode("utf-8", errors="replace")
    except (KeyError, *UNREADABLE):
        return None
