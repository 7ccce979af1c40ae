"""κ, α and their intervals against published examples and independent packages."""

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from ferapp.studies.coding.coder_agreement import (
    MISSING,
    Span,
    agreement,
    class_f1,
    cohen_kappa,
    krippendorff_alpha,
    window_codes,
)

# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, C: 4 observers, 12 units
NONE = 0
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
)


def test_kappa_of_cohens_own_example() -> None:
    """Cohen 1960, table 1, of 200 cases: p_o .70, p_e .41, κ .492."""
    counts = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert cohen_kappa(counts) == pytest.approx((0.70 - 0.41) / (1 - 0.41))
    assert round(float(cohen_kappa(counts)), 3) == 0.492


def test_alpha_of_krippendorffs_own_example_with_missing_data() -> None:
    result = agreement(OBSERVERS.T - 1, np.arange(12), 5)
    assert round(result.alpha.value, 3) == 0.743
    assert result.n == 11  # one unit has a single value
    assert result.alpha.interval[0] < 0.743 < result.alpha.interval[1]


def test_measures_equal_those_of_other_packages() -> None:
    random = np.random.default_rng(3)
    first = random.integers(0, 4, 300)
    second = np.where(random.random(300) < 0.6, first, random.integers(0, 4, 300))
    third = np.where(random.random(300) < 0.3, MISSING, random.integers(0, 4, 300))
    codes = np.stack([first, second, third], axis=1)
    result = agreement(codes, np.arange(300), 4)
    pair, other = result.pairs[0], result.pairs[1]
    known = third != MISSING
    assert pair.kappa.value == pytest.approx(cohen_kappa_score(first, second))
    assert other.kappa.value == pytest.approx(cohen_kappa_score(first[known], third[known]))
    assert [one.value for one in pair.f1] == pytest.approx(f1_score(first, second, average=None))
    data = np.where(codes == MISSING, np.nan, codes).T
    alpha = krippendorff.alpha(data, level_of_measurement="nominal")
    assert result.alpha.value == pytest.approx(alpha)
    kappas = [each.kappa.value for each in result.pairs]
    assert result.kappa.value == pytest.approx(np.mean(kappas))


def test_one_code_only_is_undefined_not_perfect() -> None:
    counts = np.array([[9, 0], [0, 0]])
    assert np.isnan(cohen_kappa(counts))
    assert np.isnan(krippendorff_alpha(2.0 * counts))
    assert np.isnan(class_f1(counts)[1])


def test_frames_that_repeat_a_second_make_no_interval_narrower() -> None:
    """25 copies of each second are no further evidence: single draws would say so."""
    random = np.random.default_rng(0)
    first = np.repeat(random.integers(0, 3, 40), 5)  # a code lasts 5 s
    second = np.where(np.repeat(random.random(40) < 0.7, 5), first, (first + 1) % 3)
    seconds = np.arange(200)
    by_second = agreement(np.stack([first, second], 1), seconds, 3)
    by_frame = agreement(
        np.repeat(np.stack([first, second], 1), 25, axis=0), np.repeat(seconds, 25), 3
    )
    assert by_second.block_s >= 10  # twice as long as a code lasts
    assert by_frame.kappa == by_second.kappa
    low, high = by_second.kappa.interval
    single = 1.96 * np.sqrt(0.7 * 0.3 / 200) / (1 - 1 / 3)  # if seconds were independent
    assert high - low > 2 * single * 1.5


def test_a_window_has_what_holds_longest_in_it() -> None:
    spans = [Span(0.0, 1.6, 0), Span(1.6, 2.3, 1), Span(5.5, 5.5, 1), Span(6.5, 6.5, 0)]
    spans.append(Span(6.0, 7.0, 1))
    codes = window_codes(spans, np.arange(8.0), 2)
    assert codes.tolist() == [0, 0, MISSING, MISSING, MISSING, 1, 1]
