"""A session's history from a table of faces. No Qt."""

from collections.abc import Callable

import numpy as np

from ferapp.sources.recorded import RecordedTable
from ferapp.ui.timeline.session_history import FaceHistory, SessionHistory, doubt_bits
from ferapp.ui.timeline.time_series import SAME_S, Rows, TimeSeries
from ferapp.vision.types import QualityKind


def table_history(
    table: RecordedTable, number_of: Callable[[int], int] = lambda face_id: face_id
) -> SessionHistory:
    """Its times are those of the table. Faces are by `number_of` their `face_id`, as corrected."""
    history = SessionHistory(
        classes=table.classes,
        source=str(table.file),
        has_positions=True,
        hold_s=max(table.step_s, SAME_S),
    )
    times = np.array(table.times)
    empty = np.empty((len(times), 0), np.float32)
    history.frames = TimeSeries.of_rows(
        Rows(times, np.zeros(len(times), np.int32), empty, empty, empty, np.zeros(len(times)))
    )
    frame_of_row = np.repeat(np.arange(len(times)), np.diff(table.first))
    bits = {text: doubt_bits(_kinds(text)) for text in set(table.doubts)}
    doubts = np.array([bits[text] for text in table.doubts], np.uint8)
    stretches = 0
    for face_id in np.unique(table.face_ids):
        mine = np.flatnonzero(table.face_ids == face_id)
        frames = frame_of_row[mine]
        stretch = stretches + np.cumsum(np.diff(frames, prepend=-2) != 1)
        stretches = int(stretch[-1])
        shares = table.probabilities[mine]
        series = TimeSeries.of_rows(
            Rows(times[frames], stretch, shares, shares, table.signals[mine], doubts[mine])
        )
        history.faces[number_of(int(face_id))] = FaceHistory(series)
    history.stretches = stretches
    history.selected = max(history.faces, key=lambda f: len(history.faces[f].series), default=None)
    history.duration_s = history.span[1]
    return history


def _kinds(doubts: str) -> list[QualityKind]:
    known = set(QualityKind)
    return [QualityKind(name) for name in doubts.split(";") if name in known]
