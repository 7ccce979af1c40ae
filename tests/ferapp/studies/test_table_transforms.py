"""Transforms of a table, against values computed by hand."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ferapp.studies.output_note import ORIGIN_FIELDS, OutputNote
from ferapp.studies.table_transforms import (
    read_table,
    transform_columns,
    transform_file,
    transform_notes,
    transform_table,
    write_table,
)
from ferapp.studies.transform_settings import TableTransforms
from trainer.errors import UsageError
from trainer.files import write_json


def table_of(*rows: tuple[float, int | None, float, float]) -> pd.DataFrame:
    """Rows (time_s, face_id, p_happy, yaw_deg) at 10 frames a second, of two classes."""
    return pd.DataFrame(
        [
            {
                "frame": round(10 * time_s),
                "time_s": time_s,
                "face_id": face,
                **dict.fromkeys(("box_x", "box_y"), 10 * time_s if face is not None else np.nan),
                **dict.fromkeys(("box_w", "box_h"), 50.0 if face is not None else np.nan),
                "label": "" if face is None else "happy" if happy >= 0.5 else "neutral",
                "confidence": max(happy, 1 - happy),
                "p_happy": happy,
                "p_neutral": 1 - happy,
                "yaw_deg": yaw,
                "roll_deg": yaw,
                "au12": happy * 2,
                "detection_score": 0.9 if time_s == 0 else np.nan,
                "face_px": 50.0,
                "doubts": "" if happy >= 0.5 or 1 - happy >= 0.5 or face is None else "unsure",
            }
            for time_s, face, happy, yaw in rows
        ]
    ).astype({"face_id": "Int64"})


def steps(
    *happy: float, yaw: float = 0.0, start_s: float = 0.0
) -> list[tuple[float, int, float, float]]:
    return [(round(start_s + i / 10, 3), 0, value, yaw) for i, value in enumerate(happy)]


class TestRate:
    def test_halfway_between_two_frames_is_their_mean(self) -> None:
        """At 4 Hz the times are 0, 0.25, 0.5: the second lies between 0.2 and 0.3."""
        table = table_of(*steps(0.0, 0.2, 0.4, 0.8, 0.9, 1.0))
        result = transform_table(table, TableTransforms(rate_hz=4))
        assert result["time_s"].tolist() == [0.0, 0.25, 0.5]
        assert result["p_happy"].tolist() == pytest.approx([0.0, 0.6, 1.0])
        assert result["au12"].tolist() == pytest.approx([0.0, 1.2, 2.0])
        assert result["box_x"].tolist() == pytest.approx([0.0, 2.5, 5.0])
        assert result["label"].tolist() == ["neutral", "happy", "happy"]
        assert result["confidence"].tolist() == pytest.approx([1.0, 0.6, 1.0])
        assert result["frame"].tolist() == [0, 2, 5]  # the nearest, of two the earlier

    def test_a_label_follows_from_the_interpolated_probabilities(self) -> None:
        table = table_of((0.0, 0, 0.9, 0.0), (0.1, 0, 0.3, 0.0))
        result = transform_table(table, TableTransforms(rate_hz=20))
        assert result["p_happy"].tolist() == pytest.approx([0.9, 0.6, 0.3])
        assert result["label"].tolist() == ["happy", "happy", "neutral"]

    def test_three_frames_are_bridged_and_longer_gaps_stay(self) -> None:
        """0.3 s of 0.1-s frames are a bridge; 0.4 s are a gap, with an empty row."""
        bridged = table_of(
            (0.0, 0, 0.0, 0.0),
            (0.1, None, np.nan, np.nan),
            (0.2, None, np.nan, np.nan),
            (0.3, 0, 0.6, 0.0),
        )
        result = transform_table(bridged, TableTransforms(rate_hz=10))
        assert result["p_happy"].tolist() == pytest.approx([0.0, 0.2, 0.4, 0.6])
        gap = table_of(
            (0.0, 0, 0.0, 0.0),
            *((t, None, np.nan, np.nan) for t in (0.1, 0.2, 0.3)),
            (0.4, 0, 0.6, 0.0),
        )
        result = transform_table(gap, TableTransforms(rate_hz=10))
        assert result["face_id"].isna().tolist() == [False, True, True, True, False]
        assert result["label"].tolist() == ["neutral", "", "", "", "happy"]
        assert result["frame"].tolist() == [0, 1, 2, 3, 4]

    def test_at_fast_frames_nothing_beyond_half_a_second_is_bridged(self) -> None:
        """A step of 0.2 s would allow 0.6 s."""
        times = [0.0, 0.2, 0.4, 0.6, 1.15, 1.35]
        table = table_of(*((t, 0, 0.5, 0.0) for t in times))
        result = transform_table(table, TableTransforms(rate_hz=10))
        missing = result.loc[result["face_id"].isna(), "time_s"]
        assert missing.tolist() == pytest.approx([0.7, 0.8, 0.9, 1.0, 1.1])

    def test_a_slow_table_has_no_gaps_between_its_own_frames(self) -> None:
        table = table_of(*((float(t), 0, t / 4, 0.0) for t in range(5)))
        result = transform_table(table, TableTransforms(rate_hz=2))
        assert result["p_happy"].tolist() == pytest.approx([i / 8 for i in range(9)])

    def test_angles_take_the_short_way(self) -> None:
        table = table_of((0.0, 0, 0.5, 170.0), (0.1, 0, 0.5, -170.0))
        result = transform_table(table, TableTransforms(rate_hz=20))
        assert abs(result["roll_deg"][1]) == pytest.approx(180)

    def test_two_faces_keep_their_own_values_and_the_largest_is_first(self) -> None:
        first = table_of(*steps(0.0, 0.2))
        second = table_of(*((t, 1, 1.0, 0.0) for t in (0.0, 0.1))).assign(box_w=90.0)
        table = pd.concat([first, second]).sort_values("time_s", kind="stable")
        result = transform_table(table.reset_index(drop=True), TableTransforms(rate_hz=20))
        assert result["face_id"].tolist() == [1, 0] * 3
        assert result["p_happy"].tolist() == pytest.approx([1, 0.0, 1, 0.1, 1, 0.2])


class TestSmooth:
    def test_a_moving_average_is_centred(self) -> None:
        """Of 0.2 s at 0.1-s frames: each with its two neighbours, and the ends by themselves."""
        result = transform_table(
            table_of(*steps(0.0, 0.3, 0.9, 0.57, 0.0)), TableTransforms(smooth_s=0.2)
        )
        expected = [0.0, (0 + 0.3 + 0.9) / 3, (0.3 + 0.9 + 0.57) / 3, (0.9 + 0.57 + 0) / 3, 0.0]
        assert result["p_happy"].tolist() == pytest.approx(expected)
        assert result["au12"].tolist() == pytest.approx([2 * value for value in expected])
        assert result["label"].tolist() == ["neutral", "neutral", "happy", "neutral", "neutral"]
        assert result["box_x"].tolist() == pytest.approx([0, 1, 2, 3, 4])

    def test_a_peak_stays_where_it_was_and_a_ramp_as_it_was(self) -> None:
        peak = [0.0] * 10 + [0.9] + [0.0] * 10
        smoothed = transform_table(table_of(*steps(*peak)), TableTransforms(smooth_s=0.8))
        values = smoothed["p_happy"].to_numpy()
        np.testing.assert_allclose(values, values[::-1], atol=1e-12)
        ramp = np.linspace(0, 1, 21)
        same = transform_table(table_of(*steps(*ramp)), TableTransforms(smooth_s=0.8))
        np.testing.assert_allclose(same["p_happy"], ramp, atol=1e-12)

    def test_nothing_is_averaged_over_a_gap_nor_with_what_is_unknown(self) -> None:
        table = table_of(*steps(0.0, 0.0, 0.0), *steps(1.0, 1.0, 1.0, start_s=5.0))
        table.loc[1, "au12"] = np.nan
        table.loc[0, "au12"], table.loc[2, "au12"] = 1.0, 3.0
        result = transform_table(table, TableTransforms(smooth_s=2))
        assert result["p_happy"].tolist() == [0, 0, 0, 1, 1, 1]
        assert np.isnan(result["au12"][1])
        assert result["au12"][0] == 1.0


class TestBaseline:
    def test_differences_to_each_faces_own_mean(self) -> None:
        other = ((t, 1, 0.5, 4.0) for t in (0.0, 0.1, 0.2))
        table = table_of(*steps(0.2, 0.4, 0.9, yaw=3.0), *other)
        result = transform_table(table, TableTransforms(baseline="0-0.1"))
        assert result["d_p_happy"].tolist() == pytest.approx([-0.1, 0.1, 0.6, 0, 0, 0])
        assert result["d_au12"].tolist() == pytest.approx([-0.2, 0.2, 1.2, 0, 0, 0])
        assert result["d_yaw_deg"].tolist() == pytest.approx([0] * 6)
        pd.testing.assert_frame_equal(result[table.columns], table)  # the measured ones stay

    def test_empty_for_a_face_that_was_not_there(self) -> None:
        table = table_of(*steps(0.2, 0.4), (5.0, 1, 0.5, 0.0), (5.1, None, np.nan, np.nan))
        result = transform_table(table, TableTransforms(baseline="0-1"))
        assert result["d_p_happy"].isna().tolist() == [False, False, True, True]

    def test_a_head_that_leans_over_is_compared_the_short_way(self) -> None:
        table = table_of((0.0, 0, 0.5, 178.0), (0.1, 0, 0.5, -178.0), (0.2, 0, 0.5, -170.0))
        result = transform_table(table, TableTransforms(baseline="0-0.1"))
        assert result["d_roll_deg"].tolist() == pytest.approx([-2, 2, 10])


class TestClock:
    def test_time_of_day_with_milliseconds_and_offset(self) -> None:
        table = table_of(*steps(0.5, 0.5))
        result = transform_table(table, TableTransforms(start_at="2026-11-30T23:59:59.950+01:00"))
        assert result["clock"].tolist() == [
            "2026-11-30T23:59:59.950+01:00",
            "2026-12-01T00:00:00.050+01:00",
        ]

    def test_all_together_in_order_before_the_quality(self, tmp_path: Path) -> None:
        """Smoothed, then at fixed times, then the baseline of these."""
        transforms = TableTransforms(5, "2026-12-01T10:00:00", "0-0.2", 0.2)
        table = table_of(*steps(0.0, 0.3, 0.9, 0.6, 0.0))
        result = transform_table(table, transforms)
        assert result["p_happy"].tolist() == pytest.approx([0, 0.6, 0.0])
        assert result["d_p_happy"].tolist() == pytest.approx([-0.3, 0.3, -0.3])
        names = list(result.columns)
        assert names[-4:] == ["clock", "detection_score", "face_px", "doubts"]
        assert list(transform_columns(dict.fromkeys(table.columns, ""), transforms)) == names
        write_table(result, tmp_path / "out.csv")
        pd.testing.assert_frame_equal(
            read_table(tmp_path / "out.csv").drop(columns="clock"),
            result.drop(columns="clock"),
            check_dtype=False,
            atol=1e-4,
        )
        assert len(transform_notes(transforms)) == 4

    def test_a_file_may_not_say_when_it_was_recorded(self, tmp_path: Path) -> None:
        unknown = TableTransforms(start_at="file").for_source(tmp_path)
        assert transform_table(table_of(*steps(0.5)), unknown)["clock"].tolist() == [""]
        assert "does not state" in transform_notes(unknown)[0]


def test_a_file_and_its_note(tmp_path: Path) -> None:
    """The table is replaced, and says what was done; a number is written as in every table."""
    table = tmp_path / "clip.csv"
    write_table(table_of(*steps(0.2, 0.4)), table)
    fields = dict.fromkeys(ORIGIN_FIELDS, "")
    columns = dict.fromkeys(read_table(table).columns, "as measured")
    note = table.with_name("clip.csv.json")
    write_json(note, fields | {"columns": columns, "notes": ["from the source"], "finished": "x"})
    transform_file(table, TableTransforms(baseline="0-1"), tmp_path)
    with table.open(newline="") as stream:
        head, first, second = csv.reader(stream)
    assert dict(zip(head, first, strict=True))["d_p_happy"] == "-0.1000"
    assert dict(zip(head, second, strict=True))["box_x"] == "1.0"
    content = OutputNote(table).read()
    assert list(content["columns"]) == head
    assert "from 0 to 1 s" in content["columns"]["d_p_happy"]
    assert content["notes"][0] == "from the source"
    assert "Baseline" in content["notes"][1]
    assert (content["baseline"], content["rate_hz"], content["start_at"]) == ("0-1", 0, "")


def test_without_a_request_nothing_changes() -> None:
    table = table_of(*steps(0.1, 0.9))
    assert not TableTransforms()
    assert transform_table(table, TableTransforms()) is table
    assert transform_notes(TableTransforms()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rate_hz": -1.0}, "--rate -1"),
        ({"smooth_s": -0.5}, "--smooth -0.5"),
        ({"baseline": "5"}, "--baseline 5: this is no interval"),
        ({"baseline": "5-2"}, "--baseline 5-2"),
        ({"start_at": "noon"}, "--start-at noon: this is no time"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        TableTransforms(**options)  # type: ignore[arg-type]
