"""The pace of the detection thread; what it finds is tested with the inference thread."""

import pytest

from ferapp.live.detection import SPARE_S, Pacing


def waits(pacing: Pacing, period_s: float, search_s: float, frames: int) -> list[float]:
    """How long each result waits for a model that takes one every `period_s`."""
    times = []
    for _ in range(frames):
        times.append(max(period_s - search_s - pacing.pause_s, 0.0))
        pacing.result_taken(times[-1])
    return times


@pytest.mark.parametrize(("period_s", "search_s"), [(0.06, 0.02), (0.2, 0.03), (0.03, 0.02)])
def test_faces_are_found_just_before_a_slow_model_is_free(period_s: float, search_s: float) -> None:
    pacing = Pacing()
    first, *others = waits(pacing, period_s, search_s, 40)
    assert first == pytest.approx(period_s - search_s)
    assert max(others[-20:]) < 1.1 * SPARE_S


def test_a_model_that_waits_for_faces_is_not_kept_waiting() -> None:
    pacing = Pacing()
    waits(pacing, 0.02, 0.03, 10)
    assert pacing.pause_s == 0


def test_the_pause_ends_when_the_model_becomes_fast() -> None:
    pacing = Pacing()
    waits(pacing, 0.3, 0.02, 20)
    assert pacing.pause_s > 0.2
    waits(pacing, 0.01, 0.02, 15)
    assert pacing.pause_s < 0.003
