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
    """100 labels, 20 suspects, 10 wrong: each suspect is wrong with ½, no other is."""
    return made_report(count=100, suspects=20, error_rate=0.1)


def decided(report: LabelReport, ranks: range, decision: Decision) -> dict[str, Decision]:
    return {report.suspects[rank].sample_id: decision for rank in ranks}


def test_without_decisions_it_is_the_estimate_itself(report: LabelReport) -> None:
    assert report.estimated_error_rate == pytest.approx(0.1)
    assert estimated_error_rate_after(report, {}) == pytest.approx(0.1)


def test_it_is_exact_when_all_is_reviewed(report: LabelReport) -> None:
    decisions = dict.fromkeys(report.sample_id.tolist(), RIGHT)
    assert estimated_error_rate_after(report, decisions) == 0.0
    decisions |= decided(report, range(7), WRONG) | decided(report, range(7, 9), DROPPED)
    assert estimated_error_rate_after(report, decisions) == pytest.approx(0.09)


def test_the_formula(report: LabelReport) -> None:
    """Bands of two suspects, e = ½. Both of the first are wrong, and one of two in the second."""
    decisions = decided(report, range(3), WRONG) | decided(report, range(3, 4), RIGHT)
    first = (2 + 4 * 1) / (0.5 * 2 + 4)
    second = (1 + 4 * first) / (0.5 * 2 + 4)
    assert estimated_error_rate_after(report, decisions) == pytest.approx(
        (3 + 16 * 0.5 * second) / 100
    )
    # a gap takes the ratio of the band above; of the last band one of two is reviewed
    decisions |= decided(report, range(19, 20), RIGHT)
    last = (0 + 4 * second) / (0.5 * 1 + 4)
    assert estimated_error_rate_after(report, decisions) == pytest.approx(
        (3 + 14 * 0.5 * second + 0.5 * last) / 100
    )


def test_it_follows_a_review_from_far_too_high_to_the_truth() -> None:
    """Of 400 suspects among 2,000 the first 60 are wrong: 20 % are estimated, 3 % are."""
    report = made_report(count=2000, suspects=400, error_rate=0.2)
    path = []
    for done in (0, 60, 120, 240, 400):
        decisions = decided(report, range(done), RIGHT)
        decisions |= decided(report, range(min(done, 60)), WRONG)
        path.append(estimated_error_rate_after(report, decisions))
    assert path[:2] == pytest.approx([0.2, 0.2])
    assert path[1:] == sorted(path[1:], reverse=True)
    assert path[2] < 0.1
    assert path[3] < 0.035
    assert path[4] == pytest.approx(0.03)


def test_errors_that_suspects_cannot_hold_lie_among_the_others() -> None:
    """Ten wrong labels and five suspects: all of them, and 5 of 95 others."""
    report = made_report(count=100, suspects=5, error_rate=0.1)
    assert estimated_error_rate_after(report, {}) == pytest.approx(0.1)
    after = estimated_error_rate_after(report, decided(report, range(5), RIGHT))
    ratio = (4 / 5) ** 5  # each of the first five bands of one suspect is right
    assert after == pytest.approx(0.05 * ratio)


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
