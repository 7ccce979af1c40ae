"""A finished table of faces as a history."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ferapp.recording.stored_table import read_face_table
from ferapp.ui.timeline.session_history import doubt_kinds
from ferapp.ui.timeline.table_history import table_history
from ferapp.vision.face_table import table_head, table_rows
from ferapp.vision.types import QualityKind
from tests.support.ui.fake_engine import MODEL, analysis, face, with_prediction
from trainer.labels import EXPRESSIONS


def write(table: Path) -> None:
    """Face 0 in frames 0 to 9 but for frame 4, face 5 from frame 6 on; face 0 unsure in frame 1."""
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(table_head(MODEL))
        for number in range(10):
            unsure = np.full(7, 1 / 7, np.float32)
            one = face(face_id=0)
            if number == 1:
                one = with_prediction(one, probabilities=unsure)
            faces = [] if number == 4 else [one]
            faces += [face(face_id=5, name="sad")] * (number >= 6)
            writer.writerows(table_rows(analysis(*faces, index=number)))


def test_a_table_is_read_face_by_face_with_its_gaps_and_doubts(tmp_path: Path) -> None:
    table = tmp_path / "clip.csv"
    write(table)
    history = table_history(read_face_table(table))
    assert history.classes == EXPRESSIONS
    assert sorted(history.faces) == [0, 5]
    assert history.selected == 0
    assert history.span == (0.0, pytest.approx(0.3))
    rows = history.faces[0].series.rows(0, 1)
    np.testing.assert_allclose(rows.times, [n / 30 for n in range(10) if n != 4], atol=1e-3)
    assert [len(set(rows.stretch[part].tolist())) for part in (np.s_[:4], np.s_[4:])] == [1, 1]
    assert rows.stretch[3] != rows.stretch[4]
    assert rows.smoothed[0, EXPRESSIONS.index("happy")] == pytest.approx(0.77, abs=1e-4)
    assert doubt_kinds(int(rows.doubts[1])) == (QualityKind.UNSURE,)
    assert history.frames.count(0, 1) == 10
