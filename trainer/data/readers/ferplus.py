"""FERPlus: ten taggers' votes for FER2013's rows, in the same order (Barsoum et al. 2016)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.reading.csv_table import open_csv_table, parse_number
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS, canonical

DROPPED = ("contempt", "unknown", "nf")
NAMES = ("ferplus_votes.csv", "fer2013new.csv")


def find_beside(path: Path) -> Path | None:
    """The votes file in the folder of FER2013's CSV, or None."""
    return next((path.parent / name for name in NAMES if (path.parent / name).is_file()), None)


def read(path: Path, rows: int) -> NDArray[np.float32]:
    """Vote shares (rows, 7); contempt, unknown and NF are dropped and the rest renormalised.

    A row is NaN where none of the seven got more votes than each of those dropped. Raises DataError
    when the file does not have one line for each of the CSV's `rows`.
    """
    try:
        with path.open("rb") as content:
            table = open_csv_table(content, path)
            lines = list(table.records()) if table else []
        columns = {canonical(name): name for name in (lines[0] if lines else ()) if name}
        missing = [name for name in EXPRESSIONS if name not in columns]
        if missing:
            raise DataError(f"{path}: it has no column for {', '.join(missing)}")
        counts = np.array(
            [[_count(line[columns[name]]) for name in EXPRESSIONS] for line in lines], np.float32
        )
        others = [name for name in lines[0] if name and name.strip().lower() in DROPPED]
        dropped = np.array([[_count(line[name]) for name in others] or [0] for line in lines])
        if min(counts.min(), dropped.min()) < 0:
            raise ValueError("there are fewer than 0 votes")
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise DataError(f"{path}: the votes cannot be read ({error})") from error
    if len(counts) != rows:
        raise DataError(f"{path}: it has {len(counts)} rows, the pictures beside it {rows}")
    total = counts.sum(axis=1, keepdims=True)
    clear = counts.max(axis=1) > dropped.max(axis=1)
    return np.where(clear[:, None], counts / np.maximum(total, 1), np.nan).astype(np.float32)


def _count(cell: str) -> int:
    votes = parse_number(cell)
    if votes != int(votes) or votes > 1e9:
        raise ValueError(f"{cell!r} is no number of votes")
    return int(votes)
