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
    counts as what the person found. The others are expected to be wrong as follows.

    Before any review a sample is wrong with e = E (1 − p_label) / Σ (1 − p_label), where E is the
    estimated number of wrong labels. Suspects are cut by score into five bands of as many each. Of
    a band b let W_b be the wrong ones among those reviewed, and X_b the sum of their e; over all
    bands W and X. Then with m = 4

        r = (W + m) / (X + m)          how much more often than expected, over all bands
        r_b = (W_b + m r) / (X_b + m)  the same in the band, drawn to r while it has few reviews

    and a suspect of band b is expected to be wrong with min(1, e r_b), any other sample with e r.
    These are the means of a Poisson rate with a gamma prior worth m expected wrong labels.
    """
    if not len(report):
        return 0.0
    reviewed, wrong = _review_outcome(report, decisions)
    doubt = 1 - report.probabilities[np.arange(len(report)), report.label]
    errors = report.estimated_error_rate * len(report)
    before = errors * doubt / max(float(doubt.sum()), 1e-12)
    listed = reviewed & np.isin(np.arange(len(report)), report.rows)
    ratio = _ratio(wrong[listed].sum(), before[listed].sum(), 1.0)
    expected = before * ratio
    for band in np.array_split(report.rows, BANDS):
        known = band[reviewed[band]]
        of_band = _ratio(wrong[known].sum(), before[known].sum(), ratio)
        expected[band] = np.minimum(before[band] * of_band, 1.0)
    return float(np.where(reviewed, wrong, expected).mean())


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
