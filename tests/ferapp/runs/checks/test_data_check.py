"""The check of a data set before training."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferapp.review.decisions import Review
from ferapp.runs.checks.data_check import EXAMPLES_PER_CLASS, CheckProgress, DataChoice, check_data
from tests.support.runs.flawed_data import flawed_data
from trainer.config.sections import DataConfig
from trainer.data.face_data import save
from trainer.data.label_review import Decision


def test_the_check_counts_samples_and_flaws(tmp_path: Path) -> None:
    save(flawed_data(), tmp_path)
    reports = list[CheckProgress]()
    check = check_data(DataChoice(str(tmp_path)), reports.append)
    assert (check.samples, check.without_landmarks, check.with_votes) == (60, 6, 0)
    assert (check.leaked, check.conflicting) == (1, 1)
    assert check.skipped == ("bad.jpg is truncated",)
    assert check.counts["train"]["angry"] == 8
    assert len(check.examples["angry"]) == EXAMPLES_PER_CLASS
    assert len(check.examples["neutral"]) == 0
    assert check.problem == ""
    assert check.flawed["leaked"].tolist() == [0]
    assert check.flawed["conflicting"].tolist() == [1, 2]
    assert check.flawed["without_landmarks"].tolist() == [0, 1, 2, 3, 4, 5]
    assert check.class_rows("val", "angry").tolist() == [48, 50, 54]
    assert [each.text for each in reports] == ["Looking for duplicates…"] * 2


def test_data_without_a_validation_split_cannot_be_trained_on(tmp_path: Path) -> None:
    save(replace(flawed_data(), split=np.full(60, "train")), tmp_path)
    assert "no split 'val'" in check_data(DataChoice(str(tmp_path))).problem


@pytest.mark.parametrize(
    ("sample", "words"), [("s1", ""), ("s50", "changes a training sample"), ("", "no such review")]
)
def test_the_check_covers_the_review(tmp_path: Path, sample: str, words: str) -> None:
    """s1 is a training sample, s50 one of val."""
    save(flawed_data(), tmp_path / "data")
    review = tmp_path / "review.jsonl"
    if sample:
        Review(review).decide(sample, Decision("sad"))
    config = DataConfig(review=str(review))
    problem = check_data(DataChoice.of(str(tmp_path / "data"), config)).problem
    assert (words in problem) if words else problem == ""
