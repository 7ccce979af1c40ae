"""The estimate follows what a person confirms and rejects."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.trainer.made_label_report import made_report
from trainer.data.label_review import Decision
from trainer.evaluation.label_errors import LabelReport, estimated_error_rate_after

WRONG, RIGHT, DROPPED = Decision("sad"), Decision(), Decision(flag=True)


@pytest.fixture
def report() -> LabelReport:
    """100 labels, 20 suspects, 10 wrong: each suspect is wrong with ½."""
    return made_report(count=100, suspects=20, error_rate=0.1)


def decided(report: LabelReport, ranks: range, decision: Decision) -> dict[str, Decision]:
    return {report.suspects[rank].sample_id: decision for rank in ranks}


def test_without_decisions_it_is_the_estimate_itself(report: LabelReport) -> None:
    assert report.estimated_error_rate == pytest.approx(0.1)
    assert estimated_error_rate_after(report, {}) == pytest.approx(0.1)
    more_wrong = made_report(count=100, suspects=5, error_rate=0.1)
    assert estimated_error_rate_after(more_wrong, {}) == pytest.approx(0.1)


def test_it_is_exact_when_all_is_reviewed(report: LabelReport) -> None:
    decisions = dict.fromkeys(report.sample_id.tolist(), RIGHT)
    assert estimated_error_rate_after(report, decisions) == 0.0
    decisions |= decided(report, range(7), WRONG) | decided(report, range(7, 9), DROPPED)
    assert estimated_error_rate_after(report, decisions) == pytest.approx(0.09)


def test_the_formula(report: LabelReport) -> None:
    """The first band: 4 of 4 wrong, 2 expected. r = (4 + 4) / (2 + 4) = 4/3 for the other four."""
    after = estimated_error_rate_after(report, decided(report, range(4), WRONG))
    assert after == pytest.approx((4 + 16 * min(1, 0.5 * 4 / 3)) / 100)
    # two of the first band wrong, as expected, and two of the last right: X = 2, W = 1
    decisions = decided(report, range(1), WRONG) | decided(report, range(1, 2), RIGHT)
    decisions |= decided(report, range(18, 20), RIGHT)
    r = (1 + 4) / (2 + 4)
    first, last = (1 + 4 * r) / (1 + 4), (0 + 4 * r) / (1 + 4)
    expected = 1 + 2 * 0.5 * first + 12 * 0.5 * r + 2 * 0.5 * last
    assert estimated_error_rate_after(report, decisions) == pytest.approx(expected / 100)


def test_rejected_suspects_lower_it_and_confirmed_ones_raise_it(report: LabelReport) -> None:
    rejected = estimated_error_rate_after(report, decided(report, range(8), RIGHT))
    confirmed = estimated_error_rate_after(report, decided(report, range(8), WRONG))
    assert rejected < 0.1 < confirmed


def test_the_given_label_again_is_no_error(report: LabelReport) -> None:
    given = Decision(report.suspects[0].label)
    same = estimated_error_rate_after(report, decided(report, range(1), given))
    assert same == estimated_error_rate_after(report, decided(report, range(1), RIGHT))


def test_decisions_about_other_samples_count_nothing(report: LabelReport) -> None:
    assert estimated_error_rate_after(report, {"elsewhere": WRONG}) == pytest.approx(0.1)


def test_a_wrong_label_that_was_no_suspect_counts(report: LabelReport) -> None:
    other = next(row for row in range(100) if row not in report.rows)
    decisions = {str(report.sample_id[other]): WRONG}
    assert estimated_error_rate_after(report, decisions) == pytest.approx(0.11)


def test_without_suspects_nothing_is_wrong(report: LabelReport) -> None:
    clean = replace(
        report, suspects=(), rows=np.array([], np.int64), joint=np.diag(report.joint.sum(axis=1))
    )
    assert estimated_error_rate_after(clean, {}) == 0.0
