"""Means by condition, against intervals worked out by hand."""

import numpy as np
import pytest

from ferapp.studies.report.conditions import (
    SourceCurve,
    condition_columns,
    means_by,
    t_interval,
    unit_name,
)


def curve(
    name: str, value: float, seconds: float = 10.0, participant: str = "", **manifest: str
) -> SourceCurve:
    """One class, `value` all the time."""
    times = np.arange(0.05, seconds, 0.1)
    given = ({"participant": participant} if participant else {}) | manifest
    return SourceCurve(given, name, times, np.full((len(times), 1), value), 0.1)


def test_the_interval_is_students() -> None:
    interval = t_interval(np.array([[0.2], [0.4], [0.6], [np.nan]]))
    half = 4.30265 * 0.2 / np.sqrt(3)  # t of 2 degrees of freedom at 97.5 %, deviation 0.2
    assert interval.n[0] == 3
    assert interval.mean[0] == pytest.approx(0.4)
    assert interval.low[0] == pytest.approx(0.4 - half, abs=1e-5)
    assert interval.high[0] == pytest.approx(0.4 + half, abs=1e-5)


def test_a_single_value_has_no_interval() -> None:
    interval = t_interval(np.array([[0.3]]))
    assert interval.mean[0] == 0.3
    assert np.isnan([interval.low[0], interval.high[0]]).all()


def test_a_participant_counts_once() -> None:
    curves = [
        curve("a1", 0.1, participant="a", condition="calm"),
        curve("a2", 0.3, participant="a", condition="calm"),
        curve("b", 0.6, participant="b", condition="calm"),
    ]
    assert unit_name(curves) == "participant"
    (calm,) = means_by("condition", curves, "participant")
    assert (calm.sources, calm.means.n[0]) == (3, 2)
    assert calm.means.mean[0] == pytest.approx((0.2 + 0.6) / 2)
    assert calm.curves is not None
    assert calm.curves.mean[:, 0] == pytest.approx(0.4)
    (by_source,) = means_by("condition", curves, "source")
    assert by_source.means.mean[0] == pytest.approx(1.0 / 3)


def test_sources_are_the_units_where_a_participant_is_unknown() -> None:
    curves = [curve("a", 0.1, participant="a", condition="calm"), curve("b", 0.1, condition="calm")]
    assert unit_name(curves) == "source"


def test_curves_go_as_long_as_half_of_the_units() -> None:
    curves = [
        curve("a", 0.2, 5, condition="calm"),
        curve("b", 0.4, 10, condition="calm"),
        curve("c", 0.6, 20, condition="calm"),
    ]
    (calm,) = means_by("condition", curves, "source")
    assert calm.curves is not None
    assert calm.end_s == pytest.approx(10, abs=0.4)
    assert calm.curves.mean[0, 0] == pytest.approx(0.4)
    assert calm.curves.mean[-1, 0] == pytest.approx(0.5)  # of b and c
    assert np.isfinite(calm.curves.low).all()


def test_columns_with_few_values_are_conditions() -> None:
    manifests = [
        {"site": f"{n % 3}", "participant": f"{n % 4}", "age": f"{n}", "same": "x", "condition": c}
        for n, c in enumerate(["calm", "film"] * 7)
    ]
    assert condition_columns(manifests) == ["condition", "site"]
    assert condition_columns([]) == []
