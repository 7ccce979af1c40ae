"""Rows by time: as a dictionary of times would have them, and summarised as numpy would."""

import numpy as np
import pytest

from ferapp.ui.timeline.columns import columns
from ferapp.ui.timeline.time_series import CHUNK, SAME_S, TimeSeries

rng = np.random.default_rng(0)


def put(series: TimeSeries, time_s: float, value: float, stretch: int = 1, doubts: int = 0) -> None:
    values = np.array([value, 1 - value], np.float32)
    series.put(time_s, stretch, values, values, np.zeros(1, np.float32), doubts)


def test_rows_in_any_order_are_sorted_and_equal_times_are_overwritten() -> None:
    series, expected = TimeSeries(2, 1), dict[float, float]()
    for number in rng.permutation(np.tile(np.arange(3 * CHUNK), 2)):
        value = float(rng.random(dtype=np.float32))
        put(series, 0.04 * number, value)
        expected[0.04 * number] = value
    rows = series.rows(0, 1e9)
    assert len(series) == len(rows) == len(expected)
    np.testing.assert_array_equal(rows.times, sorted(expected))
    np.testing.assert_allclose(rows.smoothed[:, 0], [expected[t] for t in sorted(expected)])


def test_times_of_the_same_frame_may_differ_by_the_rounding_of_tables() -> None:
    series = TimeSeries(2, 1)
    put(series, 1.0 / 3, 0.2)
    put(series, 0.333, 0.9)
    assert series.rows(0, 1).smoothed[:, 0] == pytest.approx([0.9])


def test_erasing_removes_what_lies_between_and_no_more() -> None:
    series = TimeSeries(2, 1)
    for number in range(2 * CHUNK + 10):
        put(series, float(number), 0.5)
    series.erase(5.0, CHUNK + 100.0)
    left = series.rows(0, 1e9).times
    np.testing.assert_array_equal(left, [*range(6), *range(CHUNK + 100, 2 * CHUNK + 10)])
    assert series.count(5, CHUNK + 100) == 2
    assert series.count(6, CHUNK + 100 - SAME_S) == 0


def test_the_nearest_row_is_found_across_a_gap() -> None:
    series = TimeSeries(2, 1)
    assert series.nearest(3.0) is None
    for time_s in (1.0, 2.0, 10.0):
        put(series, time_s, time_s / 10)
    found = [series.nearest(t) for t in (0.0, 1.4, 1.6, 5.9, 6.1, 99.0)]
    assert [float(row.times[0]) for row in found if row] == [1, 1, 2, 2, 10, 10]


@pytest.mark.parametrize("count", [200, 4000, 40_000])
def test_columns_have_the_mean_and_the_extremes_of_their_rows(count: int) -> None:
    series, width = TimeSeries(2, 1), 50
    values = rng.random(count).astype(np.float32)
    for number, value in enumerate(values):
        put(series, (number + 0.5) / count * 500, float(value))
    places = columns(series, 0.0, 500.0, width)
    assert len(places) == width
    expected = values.reshape(width, -1)
    slack = 64 / (count / width)  # a block lies in the column of its first row
    assert np.abs(places.mean[:, 0] - expected.mean(axis=1)).max() < 0.02 + 0.5 * min(slack, 0.2)
    assert places.low[:, 0].min() == values.min()
    assert places.high[:, 0].max() == values.max()
    assert places.follows[1:].all()


def test_few_rows_are_places_of_their_own_and_breaks_stay() -> None:
    series = TimeSeries(2, 1)
    for time_s, stretch in ((1.0, 1), (2.0, 1), (3.0, 2), (4.0, 2)):
        put(series, time_s, 0.8, stretch, doubts=int(time_s == 4.0))
    places = columns(series, 0.0, 10.0, 100)
    np.testing.assert_allclose(places.x, [10, 20, 30, 40])
    assert places.follows.tolist() == [False, True, False, True]
    assert places.ends[0] == 20  # holds until the next row
    assert places.ends[1] < 30  # but not over a gap
    assert places.leader.tolist() == [0, 0, 0, 0]
    assert places.doubted.tolist() == [False, False, False, True]


def test_summaries_are_those_of_the_rows_after_any_change() -> None:
    series = TimeSeries(2, 1)

    def check() -> None:
        rows = series.rows(0, 1e9)
        blocks = series.blocks(0, 1e9, 8)
        assert int(blocks.count.sum()) == len(rows)
        np.testing.assert_allclose(blocks.total.sum(axis=0), rows.smoothed.sum(axis=0), rtol=1e-4)
        assert blocks.high[:, 0].max() == rows.smoothed[:, 0].max()

    for number in range(100):
        put(series, float(number), number / 200)
    check()
    put(series, 100.0, 0.6)  # at the end
    check()
    put(series, 40.5, 0.9)  # in the middle
    check()
    put(series, 40.5, 0.2)  # instead of it
    check()
    series.erase(40.2, 44.5)
    check()
    series.erase(91.5, 1000.0)  # at the end
    check()
