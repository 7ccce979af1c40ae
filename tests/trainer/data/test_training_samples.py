"""Which samples are trained on."""

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_data
from trainer.config.sections import DataConfig
from trainer.data.face_data import FaceData
from trainer.data.label_review import Decision
from trainer.data.training_samples import learned_samples, limit_samples, reviewed_samples


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


def test_a_review_changes_labels_but_not_which_samples_are_drawn(tmp_path: Path) -> None:
    data, settings = drawn_data(20, splits=("train", "val")), DataConfig(limit=35)
    drawn = learned_samples(settings, data).sample_id.tolist()
    assert len(drawn) == 35
    outside = next(each for each in data.of_split("train").sample_id.tolist() if each not in drawn)
    review = tmp_path / "review.jsonl"
    decisions = {drawn[0]: Decision("sad"), drawn[1]: Decision(flag=True), outside: Decision("sad")}
    lines = [json.dumps(choice.as_dict(sample)) for sample, choice in decisions.items()]
    review.write_text("\n".join(lines))
    corrected = reviewed_samples(settings.model_copy(update={"review": str(review)}), data, review)
    assert corrected.sample_id.tolist() == [each for each in drawn if each != drawn[1]]
    assert corrected.classes[corrected.label[0]] == "sad"
