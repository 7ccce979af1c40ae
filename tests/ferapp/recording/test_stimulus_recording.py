"""A recording in which stimuli were shown: its events, its replay, and the tables made of it."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ferapp.live.status import RecordingPlan
from ferapp.recording.replay import SessionSource
from ferapp.recording.session import read_session
from ferapp.studies.output_files import TableOutput, table_columns
from ferapp.studies.output_note import Origin
from ferapp.studies.report.recording_report import write_recording_report
from ferapp.vision.face_table import column_meanings
from tests.support.app.recording_parts import (
    MODEL,
    classifier,
    loaded,
    only,
    recording,
    rows,
    shot,
)
from trainer.prior import ClassPrior

ORDER = [{"file": "a.png", "condition": "one", "seconds": 0.3, "fixation": 0.2}]
SETTINGS = {"stimuli": {"order": ORDER, "screen": {"onset": "the swap"}}}
EVENTS = ((0.1, "fixation", "a.png"), (0.3, "stimulus", "a.png"), (0.6, "completed", "1 of 1"))
FRAMES_S = (0.05, 0.2, 0.4, 0.7)
CELLS = [("", "", ""), ("a.png", "-0.100", "one"), ("a.png", "0.100", "one"), ("", "", "")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Events are told after the frames that came later: only the times count."""
    with recording(RecordingPlan(tmp_path / "r", display_settings=SETTINGS)) as running:
        for number, time_s in enumerate(FRAMES_S):
            running.add(shot(number, at=running.began + time_s), loaded())
        for time_s, kind, note in EVENTS:
            running.add_event(kind, note, running.began + time_s)
    return only(tmp_path / "r")


def cells(file: Path) -> list[tuple[str, ...]]:
    return [(r["stimulus"], r["stimulus_time_s"], r["condition"]) for r in rows(file)]


def test_the_table_of_the_recording_has_them(folder: Path) -> None:
    assert cells(folder / "faces.csv") == CELLS
    assert [row["kind"] for row in rows(folder / "events.csv")] == [kind for _, kind, _ in EVENTS]
    session = read_session(folder)
    assert session.onset_method == "the swap"
    assert len(session.frames) == len(FRAMES_S)  # nothing else was lost


def test_the_table_of_its_analysis_has_them_too(folder: Path, tmp_path: Path) -> None:
    source = SessionSource(folder)
    assert source.recorded is not None
    card = classifier().card
    columns = table_columns(card, ClassPrior.of(card), source)
    assert list(columns)[-9:-6] == ["stimulus", "stimulus_time_s", "condition"]
    origin = Origin("r", "", "one", "", "trained", 1, 4, "auto", 0)
    file = tmp_path / "table.csv"
    output = TableOutput(file, columns, origin, folder, stimuli=source.recorded.stimuli)
    number = 0
    while (frame := source.read()) is not None:
        output.add(replace(shot(number), frame=frame, models=(MODEL,)))
        number += 1
    output.finish()
    source.close()
    assert cells(file) == CELLS


def test_without_stimuli_tables_stay_as_they_are(tmp_path: Path) -> None:
    with recording(RecordingPlan(tmp_path / "r")) as running:
        running.add(shot(0), loaded())
    head = list(pd.read_csv(only(tmp_path / "r") / "faces.csv"))
    assert head == list(column_meanings(MODEL, 1.0, "", ""))


def test_a_report_says_what_was_asked_and_what_was_shown(folder: Path) -> None:
    text = write_recording_report(folder).read_text(encoding="utf-8")
    row = text[text.index("<td>a.png</td>") :].partition("</tr>")[0]
    figures = [cell.partition("</td>")[0] for cell in row.split("<td>")[1:]]
    assert figures[:7] == ["a.png", "one", "0.300 s", "0.200 s", "0.2 s", "0.300 s", "0.3 s"]
    assert "the swap" in text
