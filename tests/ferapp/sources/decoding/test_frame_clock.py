"""Times that grow, whatever the stamps do."""

from fractions import Fraction

import pytest

from ferapp.sources.decoding.frame_clock import FrameClock

MS = Fraction(1, 1000)


def test_stamps_count_from_the_start_of_the_presentation() -> None:
    clock = FrameClock(MS, 1.4, 25)
    assert [clock.time(stamp) for stamp in (1423, 1463, 1600)] == pytest.approx([0.023, 0.063, 0.2])


def test_without_stamps_frames_follow_the_rate() -> None:
    clock = FrameClock(MS, None, 20)
    assert [clock.time(None) for _ in range(3)] == pytest.approx([0, 0.05, 0.1])


def test_a_missing_stamp_between_others() -> None:
    clock = FrameClock(MS, 0.0, 10)
    assert [clock.time(stamp) for stamp in (0, None, 210)] == pytest.approx([0, 0.1, 0.21])


def test_a_repeated_stamp_does_not_shift_the_rest() -> None:
    clock = FrameClock(MS, 0.0, 10)
    times = [clock.time(stamp) for stamp in (0, 100, 100, 300)]
    assert times == pytest.approx([0, 0.1, 0.101, 0.3])


def test_stamps_that_begin_again_go_on() -> None:
    """Files that were joined."""
    clock = FrameClock(MS, 0.0, 10)
    times = [clock.time(stamp) for stamp in (5000, 5100, 0, 100)]
    assert times == pytest.approx([5, 5.1, 5.2, 5.3])


def test_a_stamp_far_beyond_the_end_is_damage() -> None:
    clock = FrameClock(MS, 0.0, 10, limit_s=60)
    times = [clock.time(stamp) for stamp in (0, 10**12, 200)]
    assert times == pytest.approx([0, 0.1, 0.2])


def test_after_a_seek_stamps_may_go_back() -> None:
    clock = FrameClock(MS, 0.0, 10)
    clock.time(5000)
    clock.restart()
    assert clock.time(1000) == 1
