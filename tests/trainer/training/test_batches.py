"""Which samples are trained on."""

import logging

import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_data
from trainer.data.face_data import FaceData
from trainer.training.batches import limit_samples


def imbalanced(*counts: int) -> FaceData:
    """Training samples, so many of each of the seven classes."""
    data = drawn_data(max(counts), splits=("train",))
    chosen = [
        np.flatnonzero(data.label == label)[:count] for label, count in enumerate(counts) if count
    ]
    return data.select(np.concatenate(chosen))


def counts(data: FaceData) -> list[int]:
    return np.bincount(data.label, minlength=7).tolist()


def test_a_limit_keeps_the_class_shares() -> None:
    data = drawn_data(20, splits=("train",))
    part = limit_samples(data, 70)
    assert counts(part) == [10] * 7
    assert part.sample_id.tolist() == limit_samples(data, 70).sample_id.tolist()


def test_no_limit_and_one_above_the_data_keep_all() -> None:
    data = drawn_data(2, splits=("train",))
    assert limit_samples(data, 0) is data
    assert limit_samples(data, 14) is data


def test_a_rare_class_keeps_one_sample_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As FER2013's disgust, which is 1.5 % of the data."""
    data = imbalanced(14, 1, 14, 24, 17, 11, 17)
    with caplog.at_level(logging.WARNING):
        part = limit_samples(data, 30)
    assert counts(part) == [4, 1, 4, 7, 5, 4, 5]
    assert "disgust kept with one sample each" in caplog.text
    assert "fear" not in caplog.text


def test_classes_without_samples_stay_empty() -> None:
    part = limit_samples(imbalanced(10, 0, 10, 10, 0, 10, 10), 12)
    assert len(part) == 12
    assert counts(part)[1] == counts(part)[4] == 0


@pytest.mark.parametrize("limit", [1, 6, 7, 8, 20, 41])
def test_the_total_is_the_limit_unless_there_are_more_classes(limit: int) -> None:
    part = limit_samples(imbalanced(20, 1, 1, 1, 1, 1, 17), limit)
    assert len(part) == max(limit, 7)
    assert min(counts(part)) >= 1


def test_equal_shares_do_not_warn(caplog: pytest.LogCaptureFixture) -> None:
    limit_samples(drawn_data(3, splits=("train",)), 10)
    assert not caplog.text
