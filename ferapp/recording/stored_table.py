"""Reads a table of faces, as `ferapp analyze` and recordings write it, into columns. No Qt."""

from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import SourceError
from ferapp.sources.recorded import RecordedTable
from ferapp.studies.face_edits import FaceEdits
from ferapp.vision.face_table import AFFECT_COLUMNS, PROBABILITY
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from trainer.errors import UsageError
from trainer.shown_text import shown_name

FRAME_COLUMNS = ("frame", "time_s", "face_id")
BOX_COLUMNS = ("box_x", "box_y", "box_w", "box_h")
MEASURE_COLUMNS = ("face_px", "sharpness", "brightness", "turned_deg", "detection_score")
TEXT_COLUMNS = ("doubts", "file")
HINT = (
    "A table of faces is written by `ferapp analyze SOURCE --csv FILE`, and begins with frame, "
    "time_s and face_id."
)


def read_face_table(file: Path) -> RecordedTable:
    """The table with its corrections of who is who applied; unknown values are NaN.

    What a crash or a full disk left is read as far as its rows are whole. Raises SourceError.
    """
    import pandas as pd

    try:
        head = [str(name) for name in pd.read_csv(file, nrows=0).columns]
        classes = tuple(n.removeprefix(PROBABILITY) for n in head if n.startswith(PROBABILITY))
        if not classes or not {*FRAME_COLUMNS, *BOX_COLUMNS} <= set(head):
            raise SourceError(f"{file}: this is not a table of faces", HINT)
        shares = [PROBABILITY + name for name in classes]
        numbers = chain(
            FRAME_COLUMNS, BOX_COLUMNS, shares, SIGNAL_COLUMNS, AFFECT_COLUMNS, MEASURE_COLUMNS
        )
        used = {name: np.float64 for name in numbers if name in head}
        texts = {name: str for name in TEXT_COLUMNS if name in head}
        table = pd.read_csv(
            file,
            usecols=[*used, *texts],
            dtype=used | texts,
            keep_default_na=False,
            na_values=[""],
            on_bad_lines="skip",
        )
        if not _ends_with_a_line(file):
            table = table.iloc[:-1]
        # cells that a full disk cut off are empty
        is_whole = table["time_s"].notna()
        is_whole &= table["face_id"].isna() | table[shares].notna().all(axis=1)
        table = table[is_whole].sort_values("time_s", kind="stable")
        edits = FaceEdits(file)
    except UsageError as error:  # of the corrections
        raise SourceError(str(error.args[0]), error.hint) from error
    except pd.errors.EmptyDataError as error:
        raise SourceError(f"{file}: this file is empty", HINT) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or shown_name(str(error).strip())
        raise SourceError(f"{file}: this table cannot be read ({reason})", HINT) from error

    def columns(*names: str) -> NDArray[np.float32]:
        found = table.reindex(columns=list(names))[has_face]
        return found.to_numpy(np.float32)

    has_face = table["face_id"].notna().to_numpy()
    frame, times = table["frame"].to_numpy(), table["time_s"].to_numpy()
    is_numbered = bool(np.isfinite(frame).all() and (frame == np.round(frame)).all())
    begins = np.flatnonzero(np.diff(frame if is_numbered else times, prepend=np.nan))
    face_ids = table["face_id"].to_numpy()[has_face].astype(np.int64)
    if edits.edits:
        pairs = zip(face_ids.tolist(), frame[has_face].astype(np.int64).tolist(), strict=True)
        face_ids = np.array([edits.face_of(face, number) for face, number in pairs], np.int64)
    files = table["file"].fillna("").iloc[begins] if "file" in table else ()
    doubts = table["doubts"].fillna("")[has_face] if "doubts" in table else [""] * len(face_ids)
    return RecordedTable(
        file=file,
        classes=classes,
        numbers=tuple(frame[begins].astype(np.int64).tolist()) if is_numbered else (),
        times=tuple(times[begins].tolist()),
        files=tuple(files),
        first=np.append(0, np.cumsum(has_face))[np.append(begins, len(table))],
        face_ids=face_ids,
        boxes=columns(*BOX_COLUMNS),
        probabilities=columns(*shares),
        signals=columns(*SIGNAL_COLUMNS),
        measures=columns(*MEASURE_COLUMNS),
        valence_arousal=columns(*AFFECT_COLUMNS) if AFFECT_COLUMNS.keys() <= set(head) else None,
        doubts=tuple(doubts),
    )


def _ends_with_a_line(file: Path) -> bool:
    """Whether the last row was written to its end."""
    with file.open("rb") as stream:
        stream.seek(0, 2)
        if stream.tell() == 0:
            return True
        stream.seek(-1, 2)
        return stream.read(1) == b"\n"
