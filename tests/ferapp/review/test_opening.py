"""Opening runs, evaluations and pictures, and the reasons given when something does not fit."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.review import classify_pictures
from ferapp.review.opening import OpenedEvaluation, classify_with, example, open_evaluation
from ferapp.review.sample_explainer import SampleExplainer
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import load, save
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model
from trainer.training.run_dir import create_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example that may be changed."""
    return Path(shutil.copytree(example(), tmp_path / "evaluation"))


def test_the_example_opens_with_pictures_and_model() -> None:
    opened = open_evaluation(str(example()))
    evaluation = opened.evaluation
    assert opened.note == ""
    assert opened.model is not None
    assert opened.model.stem == "default"
    assert not opened.review.is_relative_to(example())  # its folder may be read-only
    metrics = json.loads((example() / "metrics.json").read_text())
    assert evaluation.scores.accuracy == pytest.approx(metrics["accuracy"])
    assert evaluation.scores.confusion.tolist() == metrics["confusion"]
    assert evaluation.calibration.error == pytest.approx(metrics["ece"], abs=1e-3)


def test_the_example_matches_the_bundled_model() -> None:
    """Run `python tests/support/example/make_example.py` after changing the model."""
    opened = open_evaluation(str(example()))
    explainer = SampleExplainer()
    for row in (0, 70, 150):
        probabilities = _probabilities(explainer, opened, row)
        np.testing.assert_allclose(probabilities, opened.evaluation.probabilities[row], atol=0.01)


def _probabilities(explainer: SampleExplainer, opened: OpenedEvaluation, row: int) -> np.ndarray:
    picture = opened.read_picture(row)
    assert picture is not None
    assert opened.model is not None
    evaluation = opened.evaluation
    label, predicted = int(evaluation.label[row]), int(evaluation.predicted[row])
    explainer.explain(
        opened.model, picture, evaluation.landmarks[row], label, predicted, "grad_x_input"
    )
    classifier = explainer._classifier(opened.model)
    from trainer.faces.align import align_face

    crop = align_face(picture, evaluation.landmarks[row], classifier.crop_size).crop
    return classifier.classify(crop[None], attribution=False).probabilities[0]


def test_each_sample_has_its_own_picture(folder: Path) -> None:
    """Also where the data set is in another order than the evaluation."""
    data = load(folder)
    order = np.random.default_rng(0).permutation(len(data))
    other = folder.parent / "shuffled"
    save(replace(data.select(order), images=np.asarray(data.images)[order]), other)
    head = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps({**head, "data_path": str(other)}))
    opened = open_evaluation(str(folder))
    for row in (0, 33, 159):
        np.testing.assert_array_equal(opened.read_picture(row), np.asarray(data.images[row]))


def test_data_that_does_not_fit_names_the_sample(folder: Path) -> None:
    data = load(folder)
    label = data.label.copy()
    label[3] = EXPRESSIONS.index("happy")
    save(replace(data, label=label), folder)
    opened = open_evaluation(str(folder))
    assert f"sample {data.sample_id[3]} is labelled happy there and angry" in opened.note
    assert opened.read_picture(0) is None
    assert len(opened.evaluation) == len(data)


def test_a_sample_missing_from_the_data_is_named(folder: Path) -> None:
    data = load(folder)
    images = np.asarray(data.images)[1:]
    save(replace(data.select(np.arange(1, len(data))), images=images), folder)
    assert f"has no sample {data.sample_id[0]}" in open_evaluation(str(folder)).note


def test_predictions_open_without_data_and_model(folder: Path) -> None:
    head = json.loads((folder / "metrics.json").read_text())
    gone = {**head, "data_path": "/nowhere/data", "model_file": "/nowhere/model.safetensors"}
    (folder / "metrics.json").write_text(json.dumps(gone))
    opened = open_evaluation(str(folder / "predictions.npz"))
    assert opened.model is None
    assert "/nowhere/model.safetensors" in opened.note
    assert "/nowhere/data" in opened.note
    assert opened.review == folder / "review.jsonl"


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_a_folder_without_an_evaluation_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=name):
        open_evaluation(str(tmp_path / name))


def test_a_note_says_that_training_pictures_are_included(tmp_path: Path) -> None:
    data = load(example())
    split = np.where(np.arange(len(data)) % 2, "val", "train")
    save(replace(data, split=split), tmp_path / "both")
    save(replace(data, split=np.full(len(data), "val")), tmp_path / "one")
    both, one = (open_evaluation(str(tmp_path / name)) for name in ("both", "one"))
    assert "trained on them" in both.note
    assert len(both.evaluation) == len(one.evaluation)
    assert one.note == ""


def test_a_run_that_has_no_model_yet_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="has no model yet"):
        open_evaluation(str(tmp_path))


def test_evaluating_a_run_ends_at_the_next_batch_once_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(example())
    save(replace(data, split=np.full(len(data), "val")), tmp_path / "data")
    run = create_run(tmp_path / "runs", "mine", TrainConfig(), tmp_path / "data")
    shutil.copy(find_model("compact"), run.best)
    monkeypatch.setattr("trainer.evaluation.predictions.BATCH_SIZE", 100)
    reports = list[str]()

    def report(words: str) -> None:
        reports.append(words)
        if words == "Classifying picture 101 of 160…":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_evaluation(str(run.path), report=report)
    assert "Classifying picture 1 of 160…" in reports
    assert not run.eval("val").exists()
    opened = open_evaluation(str(run.path))
    assert len(opened.evaluation) == 160


def test_pictures_without_labels_are_classified(tmp_path: Path, demo_frame: np.ndarray) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    cv2.imwrite(str(folder / "b.png"), demo_frame[:, 140:500])
    cv2.imwrite(str(folder / "a.png"), np.full((90, 90), 128, np.uint8))
    (folder / "notes.txt").write_text("no picture")
    reports = list[str]()
    opened = open_evaluation(str(folder), report=reports.append)
    evaluation = opened.evaluation
    assert evaluation.sample_id.tolist() == ["a.png", "b.png"]
    assert evaluation.label.tolist() == [-1, -1]
    assert np.isfinite(evaluation.landmarks[1]).all()
    assert not np.isfinite(evaluation.landmarks[0]).any()
    assert evaluation.classes[evaluation.predicted[1]] in (
        "sad",
        "fear",
        "happy",
    )
    assert "Classifying picture 1 of 2…" in reports
    assert not list(folder.glob("*.jsonl"))


def test_faceless_pictures_are_not_counted_and_unreadable_ones_are_named(
    tmp_path: Path, demo_frame: np.ndarray
) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), demo_frame[:, 140:500])
    cv2.imwrite(str(tmp_path / "noface.png"), np.full((90, 90, 3), (0, 160, 0), np.uint8))
    (tmp_path / "bad.jpg").write_bytes(b"nothing of a picture")
    opened = open_evaluation(str(tmp_path))
    evaluation = opened.evaluation
    assert evaluation.faceless.tolist() == [False, True]
    assert evaluation.confusion_with_unlabelled.sum() == 1
    assert "No face was found in 1 picture" in opened.note
    assert "bad.jpg could not be read as a picture" in opened.note
    assert opened.classified_by == "default"


def test_another_model_classifies_the_same_samples(folder: Path) -> None:
    opened = open_evaluation(str(folder))
    assert opened.classified_by == "default"
    same = classify_with(opened, "default")
    np.testing.assert_allclose(same.logits, opened.evaluation.logits, atol=0.02)
    reports = list[str]()
    other = classify_with(opened, "compact", reports.append)
    assert other.name == "compact"
    assert other.sample_id.tolist() == opened.evaluation.sample_id.tolist()
    assert not np.allclose(other.logits, opened.evaluation.logits)
    assert "Classifying picture 1 of 160…" in reports
    with pytest.raises(DataError, match="the pictures are missing"):
        classify_with(replace(opened, read_picture=lambda row: None), "compact")


def test_classifying_in_chunks_gives_the_same_logits(
    tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        shade = np.clip(demo_frame[:, 140:500].astype(np.int16) + 12 * number, 0, 255)
        cv2.imwrite(str(tmp_path / f"{number}.png"), shade.astype(np.uint8))
    whole = open_evaluation(str(tmp_path)).evaluation
    monkeypatch.setattr(classify_pictures, "CHUNK", 2)
    reports = list[str]()
    evaluation = open_evaluation(str(tmp_path), report=reports.append).evaluation
    np.testing.assert_allclose(evaluation.logits, whole.logits, atol=1e-4)
    assert [words for words in reports if words.startswith("Classifying")] == [
        f"Classifying picture {number} of 5…" for number in (1, 3, 5)
    ]


def test_labelled_folders_keep_their_labels(tmp_path: Path, demo_frame: np.ndarray) -> None:
    for name in ("happy", "sad"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(str(tmp_path / "mine" / name / f"{number}.png"), demo_frame[:, 140:500])
    evaluation = open_evaluation(str(tmp_path / "mine")).evaluation
    assert sorted(evaluation.classes[k] for k in evaluation.label) == [
        "happy",
        "happy",
        "sad",
        "sad",
    ]


def test_samples_of_a_data_set_are_faces_even_without_landmarks(tmp_path: Path) -> None:
    data = load(example())
    save(replace(data, landmarks=np.full_like(data.landmarks, np.nan)), tmp_path / "set")
    evaluation = open_evaluation(str(tmp_path / "set")).evaluation
    assert not evaluation.faceless.any()
    assert evaluation.confusion_with_unlabelled.sum() == len(data)
