"""How many labels are wrong, as estimated with what a person decided so far."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from trainer.data.label_review import Decision
from trainer.evaluation.label_errors.label_report import LabelReport

BANDS = 10  # of as many suspects each, by score
PRIOR_WEIGHT = 4.0  # expected wrong labels that what is known of a band before counts for


def estimated_error_rate_after(report: LabelReport, decisions: Mapping[str, Decision]) -> float:
    """The share of labels that were wrong before the review, as estimated with its decisions.

    A reviewed label was wrong where the decision is another label, or to leave the sample out; it
    counts as what the person found. The others are expected to be wrong as follows.

    Before any review each of S suspects is wrong with e = min(1, E / S), where E is the estimated
    number of wrong labels; what is left of E lies evenly among the other samples. Suspects are cut
    by score into ten bands b of as many each. With n_b reviewed there, W_b of them wrong, m = 4 and
    r_0 = 1,

        r_b = (W_b + m r_{b−1}) / (e n_b + m)

    is how much more often than expected the labels of the band are wrong: the mean of a Poisson
    rate with a gamma prior worth m expected wrong labels, at the rate of the band above. The others
    of the band are wrong with e r_b, which is at most 1; for samples that are no suspects counts
    the last band's ratio.
    """
    if not len(report):
        return 0.0
    reviewed, wrong = _review_outcome(report, decisions)
    suspects, others = len(report.rows), len(report) - len(report.rows)
    errors = report.estimated_error_rate * len(report)
    e = min(1.0, errors / suspects) if suspects else 0.0
    expected = np.full(len(report), max(0.0, errors - e * suspects) / max(others, 1))
    ratio = 1.0
    for band in np.array_split(report.rows, BANDS):
        known = band[reviewed[band]]
        ratio = (wrong[known].sum() + PRIOR_WEIGHT * ratio) / (e * len(known) + PRIOR_WEIGHT)
        expected[band] = e * ratio
    expected[~np.isin(np.arange(len(report)), report.rows)] *= ratio
    return float(np.where(reviewed, wrong, expected).mean())


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
