"""The summary of a study, against figures worked out by hand."""

import csv
from pathlib import Path

import pytest

from ferapp.studies.face_edits import edit_faces
from ferapp.studies.summary_table import write_summary
from tests.support.app.study_parts import face_row, frames_at, write_study, write_table
from trainer.errors import UsageError
from trainer.labels import EXPRESSIONS


def summary_of(out: Path) -> list[dict[str, str]]:
    with write_summary(out).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_columns_are_in_their_order_and_the_manifest_is_last(tmp_path: Path) -> None:
    rows = frames_at(10, ["happy"] * 4)
    manifest = {"a": {"participant": "p1", "condition": "calm"}, "b": {"participant": "p2"}}
    write_study(tmp_path, {"a": rows, "b": rows}, manifest)
    first, second = summary_of(tmp_path)
    head = list(first)
    figures = ("share", "mean_p", "episodes", "seconds", "peak_time")
    per_class = [f"{figure}_{name}" for figure in figures for name in EXPRESSIONS]
    assert head[: 4 + len(per_class)] == [
        *("source", "face_id", "frames", "seconds_seen"),
        *per_class,
    ]
    assert head[4 + len(per_class)] == "mean_au01"
    assert head[-4:] == ["doubt_share", "dropped", "participant", "condition"]
    assert (first["participant"], first["condition"]) == ("p1", "calm")
    assert (second["source"], second["participant"], second["condition"]) == ("b", "p2", "")


def test_shares_means_and_seconds(tmp_path: Path) -> None:
    labels = ["happy", "happy", "happy", "sad", "sad", None, None, "sad"]
    write_study(tmp_path, {"siteA/clip": frames_at(4, labels, p=0.6, au12=0.5)})
    (row,) = summary_of(tmp_path)
    assert (row["source"], row["face_id"], row["frames"]) == ("siteA/clip", "0", "6")
    assert float(row["share_happy"]) == 0.5
    assert float(row["share_sad"]) == 0.5
    assert float(row["share_angry"]) == 0
    # three frames at 0.6, three at 0.4 / 6
    assert float(row["mean_p_happy"]) == pytest.approx((3 * 0.6 + 3 * 0.0667) / 6, abs=1e-4)
    assert float(row["mean_p_fear"]) == pytest.approx(0.0667, abs=1e-4)
    # each frame stands for a quarter of a second, also that before two without the face
    assert float(row["seconds_seen"]) == 1.5
    assert float(row["seconds_happy"]) == 0.75
    assert float(row["seconds_sad"]) == 0.75
    # the last "sad" is a single frame, the others a run of two; absence ends a run
    assert (row["episodes_happy"], row["episodes_sad"], row["episodes_angry"]) == ("1", "1", "0")
    assert float(row["mean_au12"]) == 0.5
    assert row["mean_au01"] == ""
    assert row["dropped"] == "0"


def test_a_gap_in_time_counts_one_step_and_ends_an_episode(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 5.5]
    rows = [face_row(n, time, 0, "fear") for n, time in enumerate(times)]
    write_study(tmp_path, {"clip": rows})
    (row,) = summary_of(tmp_path)
    # the median step is 0.1: six steps and the last frame; 4.7 counts 0.1, 0.3 is no gap yet
    assert float(row["seconds_seen"]) == pytest.approx(0.1 * 3 + 0.1 + 0.1 * 2 + 0.3 + 0.1)
    assert row["episodes_fear"] == "2"


def test_an_episode_lasts_a_quarter_of_a_second_and_two_frames(tmp_path: Path) -> None:
    labels = ["sad"] * 7 + ["fear"] * 8 + ["sad"] * 7 + ["happy"] * 9
    write_study(tmp_path / "fast", {"clip": frames_at(30, labels)})
    (row,) = summary_of(tmp_path / "fast")  # 7 frames are 0.233 s, 8 are 0.267 s
    assert [row[f"episodes_{name}"] for name in ("sad", "fear", "happy")] == ["0", "1", "1"]
    exact = ["sad"] * 6 + ["fear"] * 6 + ["sad"] * 5
    write_study(tmp_path / "exact", {"clip": frames_at(24, exact)})
    (row,) = summary_of(tmp_path / "exact")  # 6 frames are 0.25 s, in times of milliseconds too
    assert [row[f"episodes_{name}"] for name in ("sad", "fear")] == ["1", "1"]
    write_study(tmp_path / "slow", {"clip": frames_at(1, ["sad", "fear", "fear", "sad"])})
    (row,) = summary_of(tmp_path / "slow")  # a single frame is none, however long it stands
    assert [row[f"episodes_{name}"] for name in ("sad", "fear")] == ["0", "1"]


def test_peaks_and_doubts(tmp_path: Path) -> None:
    rows = [
        face_row(0, 0.0, 0, "happy", 0.5, doubts="dark;unsure"),
        face_row(1, 0.5, 0, "happy", 0.9),
        face_row(2, 1.0, 0, "happy", 0.9),
        face_row(3, 1.5, 0, "sad", 0.6, doubts="small"),
        face_row(4, 2.0, 0, "happy", 0.8),
    ]
    write_study(tmp_path, {"clip": rows})
    (row,) = summary_of(tmp_path)
    assert float(row["peak_time_happy"]) == 0.5  # the first of equal ones
    assert float(row["peak_time_sad"]) == 1.5
    assert float(row["doubt_share"]) == 0.4


def test_each_face_has_a_row_and_so_has_a_source_without_one(tmp_path: Path) -> None:
    two = [
        *(face_row(n, n / 10, 1, "happy") for n in range(4)),
        *(face_row(n, n / 10, 0, "sad") for n in range(2, 6)),
    ]
    two.sort(key=lambda row: int(row["frame"]))
    write_study(
        tmp_path,
        {"two": two, "empty": frames_at(10, [None] * 5)},
        failed={"broken": "cannot be opened"},
    )
    write_table(tmp_path / "empty.csv", frames_at(10, [None] * 5), skipped=["x.png", "y.png"])
    rows = summary_of(tmp_path)
    assert [(row["source"], row["face_id"], row["frames"]) for row in rows] == [
        ("two", "0", "4"),
        ("two", "1", "4"),
        ("empty", "", "5"),
    ]
    assert [float(row["seconds_seen"] or 0) for row in rows] == [0.4, 0.4, 0]
    empty = rows[2]
    assert empty["dropped"] == "2"
    assert {empty[name] for name in empty} == {"empty", "5", "2", ""}


def test_corrections_of_who_is_who_apply(tmp_path: Path) -> None:
    rows = [face_row(n, n / 10, 0 if n < 4 else 1, "happy") for n in range(8)]
    write_study(tmp_path, {"clip": rows})
    assert [row["frames"] for row in summary_of(tmp_path)] == ["4", "4"]
    edit_faces(tmp_path / "clip.csv", ["0=1"], [])
    (row,) = summary_of(tmp_path)
    assert (row["face_id"], row["frames"], row["episodes_happy"]) == ("0", "8", "1")


def test_a_column_of_the_manifest_does_not_replace_one_of_ours(tmp_path: Path) -> None:
    write_study(tmp_path, {"a": frames_at(10, ["sad"] * 2)}, {"a": {"frames": "many", "sex": "f"}})
    (row,) = summary_of(tmp_path)
    assert (row["frames"], row["manifest_frames"], row["sex"]) == ("2", "many", "f")


def test_no_table_yet_gives_the_head_alone(tmp_path: Path) -> None:
    write_study(tmp_path, {}, failed={"broken": "cannot be opened"})
    assert summary_of(tmp_path) == []
    assert (tmp_path / "summary.csv").read_text(encoding="utf-8").startswith("source,face_id,")


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    write_study(tmp_path, {"clip": frames_at(10, ["sad"])})
    (tmp_path / "clip.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"clip\.csv: this is not a table of faces"):
        write_summary(tmp_path)
