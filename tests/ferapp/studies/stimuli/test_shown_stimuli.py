"""From a recording's events to what was on the screen at a time, and to tables."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ferapp.recording.session import EVENTS, FACES, SESSION
from ferapp.recording.stimulus_columns import add_stimulus_columns
from ferapp.sources.recorded import Mark
from ferapp.studies.report.conditions import bootstrap_interval
from ferapp.studies.stimuli.shown_stimuli import (
    shown_stimuli,
    stimulus_at,
    stimulus_cells,
)
from ferapp.studies.table_transforms import resample
from ferapp.vision.face_table import table_head
from ferapp.vision.types import AppliedModel
from trainer.labels import EXPRESSIONS

ORDER = [
    {"file": "a.png", "condition": "one", "seconds": 2.0, "fixation": 1.0},
    {"file": "b.png", "condition": "NA", "seconds": 2.0, "fixation": 0.0},
]
MARKS = (
    Mark(0.5, "fixation", "a.png"),
    Mark(1.25, "mark", "coughs"),  # of a person: says nothing about the screen
    Mark(1.5, "stimulus", "a.png"),
    Mark(3.5, "stimulus", "b.png"),  # without a fixation
    Mark(5.5, "completed", "2 of 2"),
)


def test_a_frame_belongs_to_what_was_on_the_screen_when_it_arrived() -> None:
    shown = shown_stimuli(MARKS, ORDER)
    assert [(s.file, s.begin_s, s.onset_s, s.end_s) for s in shown] == [
        ("a.png", 0.5, 1.5, 3.5),
        ("b.png", 3.5, 3.5, 5.5),
    ]
    cells = {t: stimulus_cells(shown, t) for t in (0.4, 0.5, 1.499, 1.5, 3.499, 3.5, 5.499, 5.5)}
    assert cells == {
        0.4: ["", "", ""],
        0.5: ["a.png", "-1.000", "one"],
        1.499: ["a.png", "-0.001", "one"],
        1.5: ["a.png", "0.000", "one"],
        3.499: ["a.png", "1.999", "one"],
        3.5: ["b.png", "0.000", "NA"],
        5.499: ["b.png", "1.999", "NA"],
        5.5: ["", "", ""],
    }


def test_a_stop_and_a_crash_leave_the_last_one_cut_short() -> None:
    stopped = shown_stimuli((*MARKS[:3], Mark(2.0, "stopped", "Esc")), ORDER)
    assert [(s.end_s, s.is_cut_short) for s in stopped] == [(2.0, True)]
    crashed = shown_stimuli(MARKS[:3], [])  # its session.json is damaged, too
    assert [(s.end_s, s.condition) for s in crashed] == [(math.inf, "")]
    assert math.isnan(crashed[0].seconds)
    assert stimulus_at(crashed, 1e6) is crashed[0]
    in_fixation = shown_stimuli((MARKS[0], Mark(1.0, "stopped", "Esc")), ORDER)
    assert in_fixation == ()


def test_columns_are_added_before_the_quality_columns(tmp_path: Path) -> None:
    head = table_head(AppliedModel(EXPRESSIONS))
    rows = [["0", f"{t:.3f}", *["x"] * (len(head) - 2)] for t in (0.1, 1.0, 2.0)]
    lines = [head, *rows]
    (tmp_path / FACES).write_text("\r\n".join(",".join(line) for line in lines) + "\r\n")
    events = ["time_s,frame,kind,note", *(f"{m.time_s},0,{m.kind},{m.note}" for m in MARKS)]
    (tmp_path / EVENTS).write_text("\n".join(events) + "\n")
    about = {"settings": {"stimuli": {"order": ORDER}}}
    (tmp_path / SESSION).write_text(json.dumps(about))
    add_stimulus_columns(tmp_path)
    table = pd.read_csv(tmp_path / FACES, dtype=str, keep_default_na=False)
    at = head.index("detection_score")
    new = ["stimulus", "stimulus_time_s", "condition"]
    assert list(table) == [*head[:at], *new, *head[at:]]
    assert table["stimulus"].tolist() == ["", "a.png", "a.png"]
    assert table["stimulus_time_s"].tolist() == ["", "-0.500", "0.500"]
    assert (table["doubts"] == "x").all()


def test_a_resampled_table_keeps_the_time_since_the_onset() -> None:
    times = np.arange(0, 3, 0.1) + 0.013
    table = pd.DataFrame({"frame": range(len(times)), "time_s": times, "face_id": 0})
    for name in ("box_x", "box_y", "box_w", "box_h", "p_happy", "p_sad"):
        table[name] = 0.5
    table = table.assign(label="happy", confidence=0.5, stimulus="a.png", condition="NA")
    table = table.assign(stimulus_time_s=times - 1.5, doubts="")
    table["face_id"] = table["face_id"].astype("Int64")
    result = resample(table, 7)
    assert (result["stimulus_time_s"] - (result["time_s"] - 1.5)).abs().max() < 1e-9
    assert (result["condition"] == "NA").all()


def test_the_bootstrap_interval_is_that_of_the_mean() -> None:
    """Of many values it agrees with the normal approximation: 1.96 standard errors."""
    values = np.random.default_rng(3).normal(5, 2, (400, 2))
    values[:100, 1] = np.nan
    found = bootstrap_interval(values)
    assert found.n.tolist() == [400, 300]
    for column, n in enumerate((400, 300)):
        own = values[~np.isnan(values[:, column]), column]
        assert found.mean[column] == pytest.approx(own.mean())
        half = 1.96 * own.std(ddof=1) / np.sqrt(n)
        assert found.high[column] - own.mean() == pytest.approx(half, rel=0.1)
        assert own.mean() - found.low[column] == pytest.approx(half, rel=0.1)
    single = bootstrap_interval(np.array([[1.0], [np.nan]]))
    assert single.mean.tolist() == [1.0]
    assert np.isnan([single.low, single.high]).all()
