"""A table that names pictures, their expressions and splits: `file,label,split`; one a fold.

The columns may have their other usual names (`image,emotion,usage`). Columns `valence` and
`arousal`, from −1 to 1, are read too; further ones are ignored.
Files lie beside the table or below its folder. A folder or zip with a `labels.csv` is the same.
Without a split column everything is `train`, of which a tenth is held out as `val`.
"""

import io
from contextlib import suppress
from pathlib import Path

from trainer.data.readers.class_folders import SPLIT_OF_FOLDER
from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.archive import UNREADABLE, Archive, is_zip, read_file
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.csv_table import SUFFIXES, CsvTable, open_csv_table
from trainer.data.reading.labelled_files import LabelledFile, list_labelled_files
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions
from trainer.data.reading.valence_arousal import parse_valence_arousal
from trainer.errors import DataError

LIST = "labels.csv"
FILE = (
    *("file", "filename", "filepath", "path", "image", "imagename", "imagepath", "imagefile"),
    *("img", "imgname", "imgpath", "picture", "picturepath", "pth", "relativepath"),
)
LABEL = ("label", "emotion", "expression", "class", "emotionlabel", "expressionlabel",
         "classname", "labels", "category", "target")  # fmt: skip
SPLIT = ("split", "usage", "set", "subset", "partition", "datasplit")
AFFECT = ("valence", "arousal")
COLUMNS = {"file": FILE, "label": LABEL}


def recognises(path: Path) -> bool:
    """Whether `path` is such a table, or a folder or zip with one named labels.csv."""
    table = _open(path)
    return table is not None and not table.missing(COLUMNS)


def list_pictures(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Listing:
    """The pictures in the order of the list. Raises DataError when a label is unknown."""
    archive = Archive(path.parent if path.is_file() and _is_table(path) else path)
    bad = BadRows(path, "pictures")
    table = _open(path)
    if table is None or table.missing(COLUMNS):
        raise DataError(f"{path}: it has no columns for file and label")
    file_column, label_column = (table.find(names) for names in (FILE, LABEL))
    split_column, affect_columns = table.find(SPLIT), [table.find((name,)) for name in AFFECT]
    assert file_column is not None
    assert label_column is not None
    files, total = [], 0
    for row, cells in table.rows():
        total += 1
        cells += [""] * (len(table.columns) - len(cells))
        name, label = cells[file_column].strip(), cells[label_column].strip()
        usage = "" if split_column is None else cells[split_column].strip()
        split = SPLIT_OF_FOLDER.get(usage.lower() or "train")
        if options.name_of(label) not in (None, *options.classes):  # its file may be missing
            files.append(LabelledFile(row, name, "train", label, name))
        elif split is None:
            bad.add(f"row {row + 1}", f"has the split {usage!r}, not train, val or test")
        else:
            stated = ("" if at is None else cells[at] for at in affect_columns)
            try:
                affect = parse_valence_arousal(*stated)
            except ValueError as error:
                bad.add(name or f"row {row + 1}", str(error))
                continue
            try:
                file = archive.locate(name)
            except ValueError as error:
                if options.name_of(label) is not None:
                    bad.add(name or f"row {row + 1}", str(error))
                    continue
                file = name  # the unknown label is what to mend first
            files.append(LabelledFile(row, file, split, label, file, affect))
    if not files:
        bad.check(total)
        raise DataError(f"{path}: it lists no pictures")
    return list_labelled_files(archive, path.resolve().stem, files, bad, options)


def listed_files(path: Path) -> list[Path]:
    """The existing pictures that a list names; none where `path` is no list."""
    if not path.is_file() or not _is_table(path):
        return []
    table = _open(path)
    if table is None or table.missing(COLUMNS):
        return []
    archive, column, files = Archive(path.parent), table.find(FILE), []
    for _, cells in table.rows():
        with suppress(ValueError, IndexError):
            files.append(path.parent / archive.locate(cells[column or 0]))
    return files


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _open(path: Path) -> CsvTable | None:
    """The list; None where there is none."""
    try:
        if path.is_dir():
            path = path / LIST
        if _is_table(path):
            return open_csv_table(io.BytesIO(read_file(path)), path)
        if not is_zip(path):
            return None
        return open_csv_table(io.BytesIO(Archive(path).read(LIST)), path)
    except (DataError, KeyError, ValueError, NotImplementedError, *UNREADABLE):
        return None


READERS = (
    Reader(
        "list",
        "a CSV with the columns file,label,split, or a folder or zip with such a labels.csv",
        recognises,
        list_pictures,
        takes_options=True,
        order=40,
        columns=COLUMNS,
        title="a list of pictures",
    ),
)
