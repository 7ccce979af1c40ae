"""`--manifest FILE`: a table with a row per source, whose columns join the study's summary."""

import csv
from collections.abc import Mapping
from pathlib import Path

from trainer.data.reading.bad_rows import name_some
from trainer.errors import UsageError

FILE_COLUMN = "file"
# columns of summary.csv, and what those of labels and action units begin with
SUMMARY_COLUMNS = frozenset(
    ("source", "face_id", "frames", "seconds_seen", "doubt_share", "dropped")
)
SUMMARY_PREFIXES = ("share_", "mean_", "episodes_", "seconds_", "peak_time_")
HINT = "The column `file` names each source as a path below the folder, or by its file name alone."


def read_manifest(file: Path, sources: Mapping[str, tuple[Path, str]]) -> dict[str, dict[str, str]]:
    """The row of each source, without the column `file`.

    `sources` are the name of each, its path, and the path below the folder that was named; any of
    them, and the file's name alone, may stand in the column. Commas, semicolons or tabs separate.
    Raises UsageError that names every row and source that does not fit.
    """
    columns, rows = _read_rows(file)
    known = _known_names(sources)
    problems: list[str] = []
    first_line: dict[str, int] = {}  # of a source
    joined: dict[str, dict[str, str]] = {}
    unknown, unclear, repeated = [], [], []
    for line, row in rows:
        text = row.pop(FILE_COLUMN)
        matches = known.get(_key(text), set())
        if not matches:
            unknown.append(f"{text} (line {line})")
        elif len(matches) > 1:
            unclear.append(f"{text} (line {line}) may be {' or '.join(sorted(matches))}")
        else:
            (name,) = matches
            if name in joined:
                repeated.append(f"{text} (lines {first_line[name]} and {line})")
            first_line.setdefault(name, line)
            joined.setdefault(name, row)
    missing = [path for name, (_, path) in sources.items() if name not in joined]
    for sentence, names in (
        ("no source is named", unknown),
        ("more than one source may be meant", unclear),
        ("two rows are of the same source", repeated),
        ("no row is of the source", missing),
    ):
        if names:
            problems.append(f"{sentence}: {name_some(names)}")
    if problems:
        raise UsageError(f"{file}: " + "; ".join(problems), HINT)
    return {name: {column: joined[name][column] for column in columns} for name in sources}


def _read_rows(file: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns but `file`, and of each row its line and its cells."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{file}: could not be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is no text in UTF-8", "Save it as CSV in UTF-8.") from error
    lines = text.splitlines()
    head_line = lines[0] if lines else ""
    separator = max(",;\t", key=head_line.count)
    reader = csv.reader(lines, delimiter=separator)
    head = [cell.strip() for cell in next(reader, [])]
    _check_columns(file, head)
    rows = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(head):
            raise UsageError(
                f"{file}: line {reader.line_num} has {len(cells)} cells, the first line {len(head)}"
            )
        row = dict(zip(head, (cell.strip() for cell in cells), strict=True))
        rows.append((reader.line_num, row))
    return [column for column in head if column != FILE_COLUMN], rows


def _check_columns(file: Path, head: list[str]) -> None:
    if FILE_COLUMN not in head:
        raise UsageError(
            f"{file}: there is no column `{FILE_COLUMN}`; its columns are: {name_some(head)}",
            "Its first line names the columns: file,participant,condition",
        )
    twice = sorted({column for column in head if head.count(column) > 1})
    if twice:
        raise UsageError(f"{file}: two columns are called {name_some(twice)}")
    taken = [
        column
        for column in head
        if column in SUMMARY_COLUMNS or column.startswith(SUMMARY_PREFIXES)
    ]
    if taken:
        raise UsageError(
            f"{file}: summary.csv has columns of these names itself: {name_some(taken)}",
            "Rename them in the manifest.",
        )


def _known_names(sources: Mapping[str, tuple[Path, str]]) -> dict[str, set[str]]:
    """What may stand in the column → the sources that it may mean.

    A whole path or name means its own source, whatever other files are called.
    """
    exact: dict[str, set[str]] = {}
    short: dict[str, set[str]] = {}
    for name, (path, relative) in sources.items():
        for text in (str(path.absolute()), str(path), relative, name):
            exact.setdefault(_key(text), set()).add(name)
        for text in (path.name, path.stem):
            short.setdefault(_key(text), set()).add(name)
    return short | exact


def _key(text: str) -> str:
    return text.strip().replace("\\", "/").removeprefix("./")
