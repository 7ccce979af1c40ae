"""How many labels are wrong, as estimated with what a person decided so far."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trainer.data.label_review import Decision
from trainer.evaluation.label_errors.label_report import LabelReport

BANDS = 5  # of as many suspects each, by score
PRIOR_WEIGHT = 4.0  # wrong labels that the estimate before any review counts for


def estimated_error_rate_after(report: LabelReport, decisions: Mapping[str, Decision]) -> float:
    """The share of labels that were wrong before the review, as estimated with its decisions.

    A reviewed label was wrong where the decision is another label, or to leave the sample out; it
    counts as what the person found. Those not reviewed are expected to be wrong as follows.

    Before any review each of S suspects is wrong with p₀ = min(1, E / S), where E = estimated error
    rate · N; what is left of E lies evenly among all other samples. Suspects are cut by score into
    five bands of as many each. Of a band b let W_b be the wrong ones of n_b reviewed, X_b = p₀ n_b
    the expected ones; over all bands W and X. Then with m = 4

        r = (W + m) / (X + m)          how much more often than expected, over all bands
        r_b = (W_b + m r) / (X_b + m)  the same in the band, drawn to r while it has few reviews

    and an unreviewed suspect of band b is wrong with min(1, p₀ r_b), any other sample with p₁ r.
    These are the means of a Poisson rate with a gamma prior worth m expected wrong labels.
    """
    count, suspects = len(report), len(report.suspects)
    if not count:
        return 0.0
    reviewed, wrong = _review_outcome(report, decisions)
    errors = report.estimated_error_rate * count
    p_suspect = min(1.0, errors / suspects) if suspects else 0.0
    p_other = max(0.0, errors - suspects * p_suspect) / max(1, count - suspects)
    expected = np.full(count, p_other)
    in_list_reviewed, in_list_wrong = reviewed[report.rows], wrong[report.rows]
    ratio = _ratio(in_list_wrong.sum(), p_suspect * in_list_reviewed.sum(), 1.0)
    expected *= ratio
    for band in np.array_split(np.arange(suspects), BANDS):
        band_ratio = _ratio(
            in_list_wrong[band].sum(), p_suspect * in_list_reviewed[band].sum(), ratio
        )
        expected[report.rows[band]] = min(1.0, p_suspect * band_ratio)
    return float(np.where(reviewed, wrong, np.minimum(expected, 1.0)).mean())


def _ratio(wrong: float, expected: float, prior: float) -> float:
    return float((wrong + PRIOR_WEIGHT * prior) / (expected + PRIOR_WEIGHT))


def _review_outcome(
    report: LabelReport, decisions: Mapping[str, Decision]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N,) whether a person decided about a sample, and whether its label was found wrong."""
    reviewed, wrong = np.zeros(len(report), bool), np.zeros(len(report), bool)
    for row, sample in enumerate(report.sample_id.tolist()):
        decision = decisions.get(sample)
        if decision is not None:
            given = report.classes[report.label[row]]
            reviewed[row] = True
            wrong[row] = decision.flag or decision.label not in ("", given)
    return reviewed, wrong
