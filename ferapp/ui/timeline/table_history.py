"""A session's history from a table of faces, as `ferapp analyze` and recordings write it. No Qt."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ferapp.studies.face_edits import FaceEdits
from ferapp.ui.timeline.session_history import SessionHistory, doubt_bits
from ferapp.vision.face_table import PROBABILITY
from ferapp.vision.signals import COLUMNS as SIGNAL_COLUMNS
from ferapp.vision.types import QualityKind
from trainer.errors import FerError


def read_table_history(
    table: Path, number_of: Callable[[int], int] = lambda face_id: face_id
) -> SessionHistory:
    """The history of a finished table; times are `time_s`.

    Faces are by `number_of` their `face_id`, as corrected.

    Raises FerError with the reason when the file is no such table.
    """
    history = SessionHistory(source=str(table), has_positions=True)
    last: dict[int, int] = {}  # the frame of each face's newest row, counted
    faces = FaceEdits(table)
    frame_number, frame_count = -1, 0
    try:
        with table.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            names = reader.fieldnames or ()
            classes = tuple(n.removeprefix(PROBABILITY) for n in names if n.startswith(PROBABILITY))
            if not classes or not {"frame", "time_s", "face_id"} <= set(names):
                raise FerError(f"{table}: this is no table of faces")
            history.classes = classes
            for row in reader:
                if None in row.values():  # cut off by a full disk
                    continue
                number, time_s = int(row["frame"]), float(row["time_s"])
                if number != frame_number:
                    frame_number, frame_count = number, frame_count + 1
                    history.put_frame(time_s)
                if not row["face_id"]:
                    continue
                face = number_of(faces.face_of(int(row["face_id"]), number))
                probabilities = [float(row[PROBABILITY + name]) for name in classes]
                signals = [float(row.get(name) or "nan") for name in SIGNAL_COLUMNS]
                kinds = (row.get("doubts") or "").split(";")
                history.put(
                    face,
                    time_s,
                    np.array(probabilities, np.float32),
                    np.array(signals, np.float32),
                    doubt_bits(QualityKind(kind) for kind in kinds if kind),
                    follows=last.get(face, -1) == frame_count - 1,
                )
                last[face] = frame_count
    except (OSError, ValueError, KeyError) as error:
        raise FerError(f"{table}: this table cannot be read ({error})") from error
    history.selected = max(history.faces, key=lambda f: len(history.faces[f].series), default=None)
    history.duration_s = history.span[1]
    return history
