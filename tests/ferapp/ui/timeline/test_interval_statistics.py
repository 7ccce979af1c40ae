"""Mean, peak, onset and duration, worked out by hand."""

import csv
import io

import numpy as np
import pytest

from ferapp.ui.timeline.interval_statistics import interval_statistics, statistics_csv
from ferapp.ui.timeline.time_series import TimeSeries

CLASSES = ("happy", "sad")


def series(*rows: tuple[float, float, int]) -> TimeSeries:
    made = TimeSeries(2, 0)
    for time_s, happy, stretch in rows:
        values = np.array([happy, 1 - happy], np.float32)
        made.put(time_s, stretch, values, values, np.zeros(0, np.float32))
    return made


def test_a_gap_counts_for_nobody() -> None:
    made = series((0.0, 0.9, 1), (1.0, 0.2, 1), (2.0, 0.8, 1), (7.0, 0.6, 2), (8.0, 0.7, 2))
    happy, sad = interval_statistics(made, CLASSES, 0.5, 8.0)
    assert happy.mean == pytest.approx((0.2 + 0.8 + 0.6 + 0.7) / 4)
    assert (happy.peak, happy.peak_s) == (pytest.approx(0.8), 2.0)
    assert (happy.onset_s, happy.duration_s) == (2.0, 1.0)  # from 7 to 8; over the gap nothing
    assert (sad.onset_s, sad.duration_s) == (1.0, 1.0)


def test_the_csv_has_a_row_for_each_expression_with_times_from_the_origin() -> None:
    made = series((100.0, 0.9, 1), (101.0, 0.7, 1))
    text = statistics_csv(interval_statistics(made, CLASSES, 100, 101), 2, 100.0, 101.0, 90.0)
    happy, sad = csv.DictReader(io.StringIO(text))
    assert happy == {
        "face": "2", "from_s": "10.000", "to_s": "11.000", "expression": "happy", "mean": "0.8000",
        "peak": "0.9000", "peak_s": "10.000", "onset_s": "10.000", "duration_s": "1.000",
    }  # fmt: skip
    assert (sad["onset_s"], sad["duration_s"]) == ("", "0.000")


def test_nothing_measured_is_no_statistics() -> None:
    assert interval_statistics(series((0.0, 0.5, 1)), CLASSES, 5.0, 6.0) == ()
