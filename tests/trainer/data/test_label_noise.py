"""Wrong labels on purpose: exactly the share, always another class, never in validation."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_data
from trainer.config.loading import load_config
from trainer.data.label_noise import flip_labels, flipped_count
from trainer.errors import UsageError
from trainer.model_index import read_card
from trainer.training.batches import training_crops
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.text_log import text_log
from trainer.training.trainer import Trainer


@pytest.mark.parametrize(
    ("share", "count"), [(0.1, 21), (0.2, 42), (0.001, 0), (0.0024, 1), (0.5, 105), (1.0, 210)]
)
def test_exactly_the_share_is_another_class(share: float, count: int) -> None:
    data = drawn_data(30, splits=("train",))
    flipped = flip_labels(data, share)
    changed = flipped.label != data.label
    assert changed.sum() == count == flipped_count(share, 210)
    assert set(flipped.label) <= set(range(7))
    assert (flipped.sample_id == data.sample_id).all()


def test_the_other_classes_are_drawn_evenly() -> None:
    data = drawn_data(1000, splits=("train",)).select(np.arange(3000, 4000))
    assert set(data.label) == {3}
    counts = np.bincount(flip_labels(data, 1.0).label, minlength=7)
    assert counts[3] == 0
    assert counts[[0, 1, 2, 4, 5, 6]].min() > 120  # of 1000 / 6


def test_the_seed_decides_what_is_drawn() -> None:
    data = drawn_data(30, splits=("train",))
    first, again, other = (flip_labels(data, 0.2, seed).label for seed in (0, 0, 1))
    assert (first == again).all()
    assert ((first != data.label) != (other != data.label)).any()


def test_votes_that_would_tell_the_true_label_are_dropped() -> None:
    data = drawn_data(30, splits=("train",))
    data = replace(data, votes=np.eye(7, dtype=np.float32)[data.label])
    flipped = flip_labels(data, 0.2)
    assert (np.isnan(flipped.votes).any(axis=1) == (flipped.label != data.label)).all()
    assert not np.isnan(data.votes).any()  # the data set itself stays


def test_a_single_class_has_no_other() -> None:
    data = drawn_data(3, splits=("train",))
    with pytest.raises(UsageError, match="one class only") as caught:
        flip_labels(replace(data, classes=("happy",), label=data.label * 0), 0.5)
    assert "data.flipped_labels=0" in caught.value.hint


def test_training_has_them_and_validation_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = drawn_data(20)
    sets = (
        "model.options={widths=[8],blocks=[1]}", "optim.epochs=1", "optim.batch_size=35",
        "data.limit=70", "data.flipped_labels=0.2", "run.device=cpu",
    )  # fmt: skip
    config = load_config(None, sets)
    plain = training_crops(RunDir(tmp_path), load_config(None, sets[:4]), data)
    run = create_run(tmp_path, "flipped", config, tmp_path)
    with caplog.at_level(logging.WARNING), text_log(run.log) as report:
        trainer = Trainer(run, "flipped", config, data, report)
        trainer.fit()
    assert "14 of 70 training labels are replaced by another class (seed 0)" in caplog.text
    changed = trainer.training.labels != plain.labels
    assert changed.sum() == 14
    assert (trainer.training.targets.argmax(dim=1) == trainer.training.labels).all()
    assert (trainer.validation.labels.numpy() == data.of_split("val").label).all()
    assert read_events(run.events)[0]["flipped_labels"] == 14
    assert "70 training samples, 14 of them with another label on purpose" in run.log.read_text()
    assert read_card(run.best).data["flipped_labels"] == 14
    assert json.loads(run.config.read_text())["config"]["data"]["flipped_labels"] == 0.2
