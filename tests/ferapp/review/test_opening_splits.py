"""Each split of a run or of a data set can be opened, and evaluated where it was not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferapp.review.opening import example, open_evaluation, open_split
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import load, save
from trainer.errors import DataError
from trainer.model_index import find_model
from trainer.training.run_dir import RunDir, create_run

SPLITS = np.array(["train", "val", "val", "test"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The example: 40 pictures of train, 80 of val, 40 of test."""
    faces = load(example())
    save(replace(faces, split=SPLITS[np.arange(len(faces)) % 4]), tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def run(tmp_path: Path, data: Path) -> RunDir:
    made = create_run(tmp_path / "runs", "mine", TrainConfig(), data)
    shutil.copy(find_model("compact"), made.best)
    return made


def test_a_split_of_a_run_is_evaluated_when_it_is_chosen(run: RunDir) -> None:
    messages: list[str] = []
    val = open_evaluation(str(run.path))
    assert (val.split, val.splits, val.run) == ("val", ("train", "val", "test"), run.path)
    assert not run.eval("train").exists()
    train = open_split(val, "train", messages.append)
    assert (train.split, len(train.evaluation)) == ("train", 40)
    assert train.evaluation.name == f"{run.path.name} · train"
    assert any(message.startswith("Classifying picture 1 of 40") for message in messages)
    assert (run.eval("train") / "predictions.npz").is_file()
    assert train.data is not None
    assert train.data.sample_id.tolist() == train.evaluation.sample_id.tolist()
    assert train.review == val.review == run.path / "review.jsonl"
    before = (run.eval("train") / "predictions.npz").stat().st_mtime_ns
    assert open_split(train, "train").split == "train"  # it was evaluated before
    assert (run.eval("train") / "predictions.npz").stat().st_mtime_ns == before


def test_splits_of_a_data_set_share_a_review(data: Path) -> None:
    val = open_evaluation(str(data), "compact")
    assert (val.split, len(val.evaluation), val.splits) == ("val", 80, ("train", "val", "test"))
    test = open_split(val, "test")
    assert (test.split, len(test.evaluation)) == ("test", 40)
    assert test.review == val.review
    assert test.classified_by == "compact"


def test_without_a_test_split_all_pictures_are_a_choice(data: Path) -> None:
    faces = load(data)
    save(replace(faces, split=np.where(faces.split == "test", "train", faces.split)), data)
    everything = open_evaluation(str(data), "compact")
    assert (everything.split, everything.splits) == ("", ("", "train", "val"))
    assert len(everything.evaluation) == 160
    train = open_split(everything, "train")
    assert (train.split, len(train.evaluation)) == ("train", 80)
    assert len(open_split(train, "").evaluation) == 160


def test_a_missing_model_is_a_reason(run: RunDir) -> None:
    val = open_evaluation(str(run.path))
    run.best.unlink()
    with pytest.raises(DataError, match="no model yet"):
        open_split(val, "train")


def test_the_review_of_a_retrained_run_goes_on_where_it_was(run: RunDir) -> None:
    line = json.dumps({"sample_id": "x", "label": "sad", "flag": False, "kept": False})
    run.review.write_text(line + "\n")
    opened = open_evaluation(str(run.path))
    assert opened.review.read_text() == line + "\n"
    opened.review.write_text("")
    open_evaluation(str(run.path))
    assert opened.review.read_text() == ""  # a review that there is stays
