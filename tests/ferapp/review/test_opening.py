"""What can be opened, and what is said when something is missing or does not fit."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.review import classify_pictures
from ferapp.review.classify_pictures import classified_by
from ferapp.review.opened import Inspected
from ferapp.review.opening import example, open_inspected
from ferapp.review.sample_explainer import Examiner
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
    opened = open_inspected(str(example()))
    found = opened.evaluation
    assert opened.note == ""
    assert opened.model is not None
    assert opened.model.stem == "default"
    assert not opened.review.is_relative_to(example())  # which may not be written to
    metrics = json.loads((example() / "metrics.json").read_text())
    assert found.scores.accuracy == pytest.approx(metrics["accuracy"])
    assert found.scores.confusion.tolist() == metrics["confusion"]
    assert found.calibration.error == pytest.approx(metrics["ece"], abs=1e-3)


def test_the_example_is_what_the_shipped_model_says() -> None:
    """Run `python tests/example/make.py` after the model changed."""
    opened = open_inspected(str(example()))
    examiner = Examiner()
    for row in (0, 70, 150):
        probabilities = _examined(examiner, opened, row)
        np.testing.assert_allclose(probabilities, opened.evaluation.probabilities[row], atol=0.01)


def _examined(examiner: Examiner, opened: Inspected, row: int) -> np.ndarray:
    picture = opened.picture(row)
    assert picture is not None
    assert opened.model is not None
    found = opened.evaluation
    label, predicted = int(found.label[row]), int(found.predicted[row])
    examiner.examine(opened.model, picture, found.landmarks[row], label, predicted, "grad_x_input")
    classifier = examiner._classifier(opened.model)
    from trainer.faces.align import align_face

    crop = align_face(picture, found.landmarks[row], classifier.crop_size).crop
    return classifier.classify(crop[None], attribution=False).probabilities[0]


def test_pictures_are_those_of_their_samples(folder: Path) -> None:
    """Also where the data set stands in another order than the evaluation."""
    data = load(folder)
    order = np.random.default_rng(0).permutation(len(data))
    other = folder.parent / "shuffled"
    save(replace(data.select(order), images=np.asarray(data.images)[order]), other)
    head = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps({**head, "data_path": str(other)}))
    opened = open_inspected(str(folder))
    for row in (0, 33, 159):
        np.testing.assert_array_equal(opened.picture(row), np.asarray(data.images[row]))


def test_data_that_does_not_fit_names_the_sample(folder: Path) -> None:
    data = load(folder)
    label = data.label.copy()
    label[3] = EXPRESSIONS.index("happy")
    save(replace(data, label=label), folder)
    opened = open_inspected(str(folder))
    assert f"sample {data.sample_id[3]} is labelled happy there and angry" in opened.note
    assert opened.picture(0) is None
    assert len(opened.evaluation) == len(data)


def test_a_sample_that_the_data_lacks_is_named(folder: Path) -> None:
    data = load(folder)
    images = np.asarray(data.images)[1:]
    save(replace(data.select(np.arange(1, len(data))), images=images), folder)
    assert f"it has no sample {data.sample_id[0]}" in open_inspected(str(folder)).note


def test_without_data_and_model_the_numbers_are_there_all_the_same(folder: Path) -> None:
    head = json.loads((folder / "metrics.json").read_text())
    gone = {**head, "data_path": "/nowhere/data", "model_file": "/nowhere/model.safetensors"}
    (folder / "metrics.json").write_text(json.dumps(gone))
    opened = open_inspected(str(folder / "predictions.npz"))
    assert opened.model is None
    assert "/nowhere/model.safetensors" in opened.note
    assert "/nowhere/data" in opened.note
    assert opened.review == folder / "review.jsonl"


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_what_is_no_evaluation_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=name):
        open_inspected(str(tmp_path / name))


def test_pictures_of_all_splits_are_told_of(tmp_path: Path) -> None:
    """Those that a model learned from say little about it."""
    data = load(example())
    split = np.where(np.arange(len(data)) % 2, "val", "train")
    save(replace(data, split=split), tmp_path / "both")
    save(replace(data, split=np.full(len(data), "val")), tmp_path / "one")
    both, one = (open_inspected(str(tmp_path / name)) for name in ("both", "one"))
    assert "learn" in both.note
    assert len(both.evaluation) == len(one.evaluation)
    assert one.note == ""


def test_a_run_that_has_no_model_yet_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="has no model yet"):
        open_inspected(str(tmp_path))


def test_classifying_a_runs_samples_ends_at_the_next_batch_when_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load(example())
    save(replace(data, split=np.full(len(data), "val")), tmp_path / "data")
    run = create_run(tmp_path / "runs", "mine", TrainConfig(), tmp_path / "data")
    shutil.copy(find_model("compact"), run.best)
    monkeypatch.setattr("trainer.evaluation.evaluate.BATCH_SIZE", 100)
    said = list[str]()

    def say(words: str) -> None:
        said.append(words)
        if words == "Classifying picture 101 of 160 …":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_inspected(str(run.path), say=say)
    assert "Classifying picture 1 of 160 …" in said
    assert not run.eval("val").exists()
    opened = open_inspected(str(run.path))
    assert len(opened.evaluation) == 160


def test_ones_own_pictures_without_labels_are_classified(
    tmp_path: Path, demo_frame: np.ndarray
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    cv2.imwrite(str(folder / "b.png"), demo_frame[:, 140:500])
    cv2.imwrite(str(folder / "a.png"), np.full((90, 90), 128, np.uint8))
    (folder / "notes.txt").write_text("no picture")
    said = list[str]()
    opened = open_inspected(str(folder), say=said.append)
    found = opened.evaluation
    assert found.sample_id.tolist() == ["a.png", "b.png"]
    assert found.label.tolist() == [-1, -1]
    assert np.isfinite(found.landmarks[1]).all()
    assert not np.isfinite(found.landmarks[0]).any()
    assert found.classes[found.predicted[1]] in ("sad", "fear", "happy")  # what the clip shows
    assert "Classifying picture 1 of 2 …" in said
    assert not list(folder.glob("*.jsonl"))


def test_faceless_pictures_count_nowhere_and_unreadable_ones_are_named(
    tmp_path: Path, demo_frame: np.ndarray
) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), demo_frame[:, 140:500])
    cv2.imwrite(str(tmp_path / "noface.png"), np.full((90, 90, 3), (0, 160, 0), np.uint8))
    (tmp_path / "bad.jpg").write_bytes(b"nothing of a picture")
    opened = open_inspected(str(tmp_path))
    found = opened.evaluation
    assert found.faceless.tolist() == [False, True]
    assert found.confusion_with_unlabelled.sum() == 1
    assert "No face was found in 1 picture" in opened.note
    assert "bad.jpg is no picture that can be read" in opened.note
    assert opened.classified_by == "default"


def test_another_model_sees_the_same_samples(folder: Path) -> None:
    opened = open_inspected(str(folder))
    assert opened.classified_by == "default"
    same = classified_by(opened, "default")
    np.testing.assert_allclose(same.logits, opened.evaluation.logits, atol=0.02)
    said = list[str]()
    other = classified_by(opened, "compact", said.append)
    assert other.name == "compact"
    assert other.sample_id.tolist() == opened.evaluation.sample_id.tolist()
    assert not np.allclose(other.logits, opened.evaluation.logits)
    assert "Classifying picture 1 of 160 …" in said
    with pytest.raises(DataError, match="the pictures are not here"):
        classified_by(replace(opened, picture=lambda row: None), "compact")


def test_pictures_in_pieces_are_classified_as_all_at_once(
    tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        shade = np.clip(demo_frame[:, 140:500].astype(np.int16) + 12 * number, 0, 255)
        cv2.imwrite(str(tmp_path / f"{number}.png"), shade.astype(np.uint8))
    whole = open_inspected(str(tmp_path)).evaluation
    monkeypatch.setattr(classify_pictures, "PIECE", 2)
    said = list[str]()
    found = open_inspected(str(tmp_path), say=said.append).evaluation
    np.testing.assert_allclose(found.logits, whole.logits, atol=1e-4)
    assert [words for words in said if words.startswith("Classifying")] == [
        f"Classifying picture {number} of 5 …" for number in (1, 3, 5)
    ]


def test_labelled_folders_keep_their_labels(tmp_path: Path, demo_frame: np.ndarray) -> None:
    for name in ("happy", "sad"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(2):
            cv2.imwrite(str(tmp_path / "mine" / name / f"{number}.png"), demo_frame[:, 140:500])
    found = open_inspected(str(tmp_path / "mine")).evaluation
    assert sorted(found.classes[k] for k in found.label) == ["happy", "happy", "sad", "sad"]


def test_in_a_data_set_a_sample_without_landmarks_is_a_face_all_the_same(tmp_path: Path) -> None:
    data = load(example())
    save(replace(data, landmarks=np.full_like(data.landmarks, np.nan)), tmp_path / "set")
    found = open_inspected(str(tmp_path / "set")).evaluation
    assert not found.faceless.any()
    assert found.confusion_with_unlabelled.sum() == len(data)


def test_the_examiner_explains_label_and_prediction() -> None:
    opened = open_inspected(str(example()))
    found = opened.evaluation
    row = int(np.flatnonzero(found.wrong)[0])
    picture = opened.picture(row)
    assert picture is not None
    assert opened.model is not None
    label, predicted = int(found.label[row]), int(found.predicted[row])
    seen = Examiner().examine(
        opened.model, picture, found.landmarks[row], label, predicted, "grad_x_input"
    )
    assert seen.true is not None
    assert (seen.true.name, seen.predicted.name) == (
        found.classes[label],
        found.classes[predicted],
    )
    side = seen.crop.shape[0]
    assert seen.true.map.shape == seen.predicted.map.shape == (side, side)
    # Grad × Input of two classes differs by the difference of their logits
    gap = float(seen.predicted.map.sum() - seen.true.map.sum())
    assert gap > 0
    assert seen.heat is not None
    assert seen.landmarks is not None
    x, y = seen.landmarks[30].round().astype(int)  # the tip of the nose
    assert seen.heat[y, x] > 0.5
    assert seen.true.action_units is not None
    assert seen.true.au_cosine is not None
    assert 0 <= seen.true.au_cosine <= 1


def test_without_landmarks_there_are_maps_but_no_scores() -> None:
    opened = open_inspected(str(example()))
    picture = opened.picture(0)
    assert picture is not None
    assert opened.model is not None
    nothing = np.full((68, 2), np.nan, np.float32)
    seen = Examiner().examine(opened.model, picture, nothing, -1, 3, "gradcam")
    assert seen.true is None
    assert seen.method == "gradcam"
    assert seen.predicted.map.max() > 0
    assert seen.predicted.au_cosine is None
    assert seen.heat is None
