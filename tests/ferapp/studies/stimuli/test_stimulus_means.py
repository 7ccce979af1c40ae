"""Means by the condition of stimuli: what counts once, and what has no baseline."""

import numpy as np
import pandas as pd
import pytest

from ferapp.studies.report.stimulus_section import condition_means, stimulus_section
from ferapp.studies.stimuli.trials import Trial, trials_of
from ferapp.studies.study_record import StudySource
from ferapp.studies.study_tables import SourceTable

TIMES = np.arange(10) / 10
CLASSES = ["happy", "sad"]
# onset, file, face and its p_happy during the fixation
SHOWN = ((1.0, "a.png", 1, 0.3), (4.0, "b.png", 2, 0.5))


def trial(
    source: str, condition: str, change: float | None, number: int = 1, participant: str = ""
) -> Trial:
    """`happy` is 0.5 and `change` above its baseline, `sad` is the rest."""
    happy = np.full(len(TIMES), 0.5)
    changes = None
    if change is not None:
        changes = np.column_stack([np.full(len(TIMES), change), np.full(len(TIMES), -change)])
    manifest = {"participant": participant} if participant else {}
    values = np.column_stack([happy, 1 - happy])
    return Trial(source, manifest, number, "a.png", condition, TIMES, values, changes, 0.1)


def test_of_several_recordings_each_counts_once() -> None:
    """The first recording shows twice as many stimuli."""
    trials = [
        trial("r1", "x", 0.1, 1),
        trial("r1", "x", 0.3, 2),
        trial("r2", "x", 0.6),
        trial("r2", "y", 0.0, 2),
    ]
    groups, unit = condition_means(trials)
    assert unit == "source"
    x, y = groups
    assert (x.value, x.sources, x.means.n[0]) == ("x", 3, 2)
    assert x.means.mean == pytest.approx([0.4, -0.4])  # of 0.2 and 0.6
    assert (x.means.low[0], x.means.high[0]) == pytest.approx((0.2, 0.6))
    assert x.curves is not None
    assert x.curves.mean[:, 0] == pytest.approx(0.4)
    assert y.means.mean == pytest.approx([0.0, 0.0])


def test_participants_count_once_however_many_recordings_they_have() -> None:
    trials = [
        trial("r1", "x", 0.1, participant="P1"),
        trial("r2", "x", 0.3, participant="P1"),
        trial("r3", "x", 0.8, participant="P2"),
    ]
    (group,), unit = condition_means(trials)
    assert unit == "participant"
    assert group.means.n[0] == 2
    assert group.means.mean[0] == pytest.approx(0.5)


def test_in_one_recording_each_showing_counts() -> None:
    (group,), unit = condition_means([trial("r", "x", 0.1, 1), trial("r", "x", 0.4, 2)])
    assert unit == "stimulus"
    assert group.means.mean[0] == pytest.approx(0.25)


def test_a_showing_without_a_baseline_is_left_out_and_said() -> None:
    trials = [trial("r", "x", 0.1, 1), trial("r", "x", None, 2)]
    (group,), _ = condition_means(trials)
    assert group.means.n[0] == 1
    assert "Left out: 1 of 2 showings" in stimulus_section(trials, CLASSES)
    (plain,), _ = condition_means(trials[1:])  # no fixation anywhere: the probabilities themselves
    assert plain.means.mean == pytest.approx([0.5, 0.5])
    assert "there was no fixation" in stimulus_section(trials[1:], CLASSES)
    assert stimulus_section([], CLASSES) == ""


def test_who_comes_back_as_another_face_is_still_seen_in_each_showing() -> None:
    """A bystander is in a few frames; the participant's number changes between two showings."""
    rows = [
        {
            "time_s": shown_at + since,
            "face_id": face,
            "p_happy": happy + (0.2 if since >= 0 and face != 9 else 0),
            "p_sad": 1 - happy,
            "stimulus": file,
            "stimulus_time_s": since,
            "condition": "x",
        }
        for shown_at, file, own, calm in SHOWN
        for since in np.arange(-5, 10) / 10
        for face, happy in ((own, calm), *([(9, 0.9)] if since > 0.5 else []))
    ]
    times = np.array([row["time_s"] for row in rows])
    source = StudySource(name="r", source="/r.mp4", table="r.csv")
    table = SourceTable(source, pd.DataFrame(rows), times, np.full(len(times), 0.1), {})
    first, second = trials_of(table, CLASSES)
    assert (first.file, second.file) == ("a.png", "b.png")
    for trial, before in ((first, 0.3), (second, 0.5)):
        assert len(trial.times) == 10
        assert trial.probabilities[:, 0] == pytest.approx(before + 0.2)
        assert trial.changes is not None
        assert trial.changes[:, 0] == pytest.approx(0.2)
