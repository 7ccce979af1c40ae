"""Wrong labels among drawn faces are found, with the features of a frozen model."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_clips
from tests.support.trainer.varied_faces import varied_faces
from trainer.data.face_data import FaceData
from trainer.data.label_noise import flip_labels
from trainer.errors import DataError, ModelFileError, UsageError
from trainer.evaluation.label_errors import LabelReport, find_suspects
from trainer.evaluation.label_errors.frozen_features import cache_file
from trainer.model_index import find_model

FLIPPED = 10


@pytest.fixture(scope="module")
def clean() -> FaceData:
    return varied_faces(24, ("train", "val"))


@pytest.fixture(scope="module")
def planted(clean: FaceData) -> FaceData:
    return flip_labels(clean.of_split("train"), FLIPPED / 168, seed=1)


@pytest.fixture(scope="module")
def report(planted: FaceData, tmp_path_factory: pytest.TempPathFactory) -> LabelReport:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return find_suspects(planted, device="cpu")


def test_planted_errors_come_first(report: LabelReport, clean: FaceData) -> None:
    true = clean.label[:168]
    first = report.rows[:FLIPPED]
    assert (report.label[first] != true[first]).mean() >= 0.7
    suggested = {each.sample_id: each.suggested for each in report.suspects}
    planted = [row for row in report.rows if report.label[row] != true[row]]
    right = [suggested[str(report.sample_id[row])] == clean.classes[true[row]] for row in planted]
    assert np.mean(right) > 0.7
    assert 0.02 < report.estimated_error_rate < 0.2  # 6 % are flipped


def test_a_report_is_whole(report: LabelReport, planted: FaceData) -> None:
    assert report.probabilities.shape == (168, 7)
    np.testing.assert_allclose(report.probabilities.sum(axis=1), 1)
    assert (report.features.shape[0], report.features.dtype) == (168, np.float16)
    assert report.joint.sum() == pytest.approx(1)
    np.testing.assert_allclose(report.joint.sum(axis=1) * 168, np.bincount(planted.label))
    scores = [suspect.score for suspect in report.suspects]
    assert scores == sorted(scores, reverse=True)
    first, row = report.suspects[0], report.rows[0]
    assert first.sample_id == planted.sample_id[row]
    assert first.label == planted.classes[planted.label[row]] != first.suggested
    assert first.score == pytest.approx(first.p_suggested - first.p_label)
    assert len(set(first.neighbours) - {first.sample_id}) == 5


def test_a_label_does_not_count_for_itself(planted: FaceData, report: LabelReport) -> None:
    """Of the sample whose label changes, only what others' labels say is in the probabilities."""
    label = planted.label.copy()
    label[3] = (label[3] + 3) % 7
    changed = find_suspects(replace(planted, label=label), device="cpu").probabilities
    assert abs(changed - report.probabilities)[3].max() < 0.1


def test_features_are_computed_once(planted: FaceData, monkeypatch: pytest.MonkeyPatch) -> None:
    stages: list[str] = []

    def watch(stage: str, *_: int) -> None:
        stages.append(stage)

    model = find_model("default")
    first = find_suspects(planted, device="cpu", report=watch)
    assert "features" in stages
    assert cache_file(planted, model).is_file()
    stages.clear()
    relabelled = replace(planted, label=np.roll(planted.label, 1))
    again = find_suspects(relabelled, device="cpu", report=watch)
    assert "features" not in stages
    np.testing.assert_array_equal(again.features, first.features)
    images = np.asarray(planted.images).copy()
    images[0, 0, 0] += 1
    assert cache_file(replace(planted, images=images), model) != cache_file(planted, model)
    assert cache_file(planted, find_model("compact")) != cache_file(planted, model)


def test_damaged_features_are_computed_again(planted: FaceData, report: LabelReport) -> None:
    file = cache_file(planted, find_model("default"))
    file.parent.mkdir(parents=True)
    file.write_bytes(b"PK\x03\x04 cut short")
    again = find_suspects(planted, device="cpu")
    np.testing.assert_array_equal(again.features, report.features)


def test_a_copy_with_another_label_is_a_suspect(clean: FaceData) -> None:
    images, label = np.asarray(clean.images).copy(), clean.label.copy()
    images[100] = images[2]  # sad's picture is the angry one's
    report = find_suspects(replace(clean, images=images, label=label), device="cpu")
    assert report.unlike_copies == 2
    assert report.rows[0] == 100
    assert report.suspects[0].suggested == "angry"
    assert report.suspects[0].neighbours[0] == clean.sample_id[2]


def test_any_classes_are_checked_with_the_features(clean: FaceData) -> None:
    """The model knows seven expressions, the data two classes and a sample without a label."""
    smile = np.where(clean.label == 3, 0, 1)
    smile[5] = -1
    two = replace(clean, classes=("smile", "none"), label=smile, votes=clean.votes[:, :2])
    report = find_suspects(two, folds=3, device="cpu")
    assert report.probabilities.shape == (167, 2)
    assert report.folds == 3
    assert clean.sample_id[5] not in report.sample_id


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda d: d, {"split": "test"}, "varied has no split 'test'"),
        (lambda d: d, {"folds": 1}, "1 folds: at least 2"),
        (
            lambda d: d,
            {"folds": 30},
            r"30 folds, and train has only 24 of the class angry\nTake 24",
        ),
        (lambda d: d.select(d.label == 3), {}, r"fewer than two classes \(happy\)"),
        (lambda d: d.select(np.r_[0, 24:168]), {}, "only 1 of the class angry\nLeave that class"),
        (lambda d: d, {"features": "nothing"}, "there is no model 'nothing'"),
    ],
)
def test_what_does_not_fit_is_refused(
    clean: FaceData, change: Callable[[FaceData], FaceData], options: dict[str, Any], message: str
) -> None:
    with pytest.raises((UsageError, ModelFileError), match=message):
        find_suspects(change(clean), device="cpu", **options)


def test_clips_are_refused() -> None:
    with pytest.raises(UsageError, match="not on clips"):
        find_suspects(drawn_clips(4, 0), device="cpu")


def test_one_picture_a_class_is_refused(clean: FaceData) -> None:
    """All of a class in one group of copies: no fold without it could learn it."""
    images = np.asarray(clean.images).copy()
    images[:24] = images[0]
    with pytest.raises(DataError, match="angry"):
        find_suspects(replace(clean, images=images), device="cpu")


def test_an_exception_of_the_progress_ends_it(clean: FaceData, tmp_path: Path) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "folds":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_suspects(clean, device="cpu", report=stop)
