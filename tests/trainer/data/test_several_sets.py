"""Training on several data sets at once (`data.also`)."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from trainer.card import Preprocessing
from trainer.config.loading import load_config
from trainer.data import face_data
from trainer.data.crops import align_all
from trainer.data.face_data import FaceData, join_data_sets
from trainer.data.stored_images import JoinedImages
from trainer.errors import UsageError
from trainer.labels import EXPRESSIONS
from trainer.model_index import read_card
from trainer.reports.run_records import read_run_header
from trainer.training.run_dir import create_run


def larger(per_class: int) -> FaceData:
    """Drawn faces at twice the size, in another order of classes, one of which FER has not."""
    data = drawn_data(per_class, seed=5)
    classes = ("contempt", *reversed(EXPRESSIONS))
    numbers = np.array([classes.index(name) for name in EXPRESSIONS])[data.label]
    numbers[:2] = 0
    return replace(
        data,
        name="larger",
        classes=classes,
        images=data.images.repeat(2, axis=1).repeat(2, axis=2),
        label=numbers,
        landmarks=2 * data.landmarks + 0.5,
        votes=np.full((len(data), 8), 1 / 8, np.float32),
    )


def test_training_pictures_join_under_their_class() -> None:
    data, other = drawn_data(3), larger(2)
    both = join_data_sets(data, [other])
    kept = np.flatnonzero((other.split == "train") & (other.label != 0))
    assert (both.name, both.classes) == ("drawn + larger", EXPRESSIONS)
    assert len(both) == len(data) + len(kept) == 42 + 12
    new = both.select(np.arange(42, 54))
    assert set(new.split) == {"train"}
    assert [EXPRESSIONS[each] for each in new.label] == [
        other.classes[each] for each in other.label[kept]
    ]
    assert new.votes == pytest.approx(np.full((12, 7), 1 / 7))  # without those for contempt
    assert new.sample_id[0] == f"larger/{other.sample_id[kept[0]]}"
    assert len(both.of_split("val")) == 21
    assert join_data_sets(data, []) is data


def test_votes_of_a_further_set_go_to_the_classes_of_the_same_names() -> None:
    data, other = drawn_data(1), larger(2)
    votes = np.tile(np.array([0.5, 0.3, 0.2, 0, 0, 0, 0, 0], np.float32), (len(other), 1))
    votes[2] = np.nan
    votes[-1] = [1, 0, 0, 0, 0, 0, 0, 0]  # contempt alone, which the first set does not have
    new = join_data_sets(data, [replace(other, votes=votes)]).votes[len(data) :]
    rows = np.flatnonzero((other.split == "train") & (other.label != 0))
    for row, joined in zip(rows, new, strict=True):
        if np.isfinite(votes[row, 0]) and votes[row, 0] < 1:
            assert joined == pytest.approx([0, 0, 0, 0, 0, 0.4, 0.6])
        else:
            assert np.isnan(joined).all()


def test_of_a_further_set_some_of_each_class(tmp_path: Path) -> None:
    data, other = drawn_data(1), larger(5)
    landmarks = other.landmarks.copy()
    landmarks[2:4] = np.nan  # of the class that comes first
    other = replace(other, landmarks=landmarks)
    both = join_data_sets(data, [other], limit=2)
    assert np.bincount(both.label[len(data) :]).tolist() == [1, 2, 2, 2, 2, 2, 2]
    again = join_data_sets(data, [other], limit=2)
    assert again.sample_id.tolist() == both.sample_id.tolist()
    unaligned = join_data_sets(data, [other.without_landmarks()])
    assert len(unaligned) == len(data) + 5 * 7 - 2


def test_crops_of_each_set_are_those_of_the_set_alone() -> None:
    data, other = drawn_data(2), larger(2)
    both = align_all(join_data_sets(data, [other]), Preprocessing())
    assert torch.equal(both.pixels[:28], align_all(data, Preprocessing()).pixels[:])
    alone = align_all(other, Preprocessing())
    assert torch.equal(both.pixels[28:], alone.pixels[2:14])
    torch.testing.assert_close(both.landmarks[28:], alone.landmarks[2:14])


def test_pictures_are_found_through_any_selection() -> None:
    small, large = np.arange(12).reshape(3, 2, 2), np.arange(100, 118).reshape(2, 3, 3)
    images = JoinedImages([small, large])
    assert [image.shape for image in images] == [(2, 2)] * 3 + [(3, 3)] * 2
    chosen = images[np.array([4, 0, 3])][np.array([True, False, True])]
    assert [int(image[0, 0]) for image in chosen] == [109, 100]
    assert np.array_equal(images[2], small[2])


def test_a_set_without_a_known_class_is_named() -> None:
    cats = replace(drawn_data(1), name="cats", classes=tuple("abcdefg"))
    with pytest.raises(UsageError, match="cats has no training picture of a class of drawn"):
        join_data_sets(drawn_data(1), [cats])


def test_the_command_trains_on_both_and_the_card_tells(command, tmp_path: Path) -> None:
    for name, data in (("first", drawn_data(5)), ("second", larger(4))):
        (tmp_path / name).mkdir()
        face_data.save(data, tmp_path / name)
    settings = ('data.also=["second"]', "model.options={widths=[16],blocks=[1]}")
    done = command(
        "trainer", "train", "--data", "first", "--json", "--set", "optim.epochs=1",
        *(word for each in settings for word in ("--set", each)),
        "--set", "optim.batch_size=16", "--set", "augment.start_side=0",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    card = read_card(tmp_path / json.loads(done.stdout.splitlines()[-1])["model"])
    assert card.data["name"] == "drawn + larger"
    assert card.data["train_samples"] == 35 + 26


def test_a_run_can_be_resumed_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its paths are absolute, and it learns from the review as it was when it began."""
    monkeypatch.chdir(tmp_path)
    Path("second").mkdir()
    Path("review.jsonl").write_text("first\n")
    settings = ["data.also=['second']", "data.review=review.jsonl", "model.init=default"]
    run = create_run(Path("runs"), "x", load_config(None, settings), Path("first"))
    Path("review.jsonl").write_text("first\nsecond\n")
    config = read_run_header(run)[2]
    assert config.data.also == [str(tmp_path / "second")]
    assert config.data.review == str(tmp_path / "review.jsonl")
    assert run.review.read_text() == "first\n"
    assert config.model.init == "default"
