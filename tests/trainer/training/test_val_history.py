"""What a run keeps of every epoch: the predictions for its validation samples."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.plain_runs import SETS, new_run, train_run, validations
from trainer.config.loading import load_config
from trainer.data.crops import align_all
from trainer.errors import DataError
from trainer.evaluation.metrics import confusion_matrix, softmax
from trainer.evaluation.predictions import predict
from trainer.models.model_file import load_model
from trainer.training.run_dir import RunDir, create_run
from trainer.training.trainer import Trainer
from trainer.training.val_history import (
    ValSamples,
    begin_val_history,
    read_val_history,
    write_val_logits,
)


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    return RunDir(tmp_path)


def samples(n: int) -> ValSamples:
    return ValSamples(np.array([f"é-{i}" for i in range(n)]), np.arange(n), np.arange(n) % 7)


def test_a_run_keeps_the_predictions_that_its_events_report(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    train_run(run)
    history, data = read_val_history(run), drawn_data(4).of_split("val")
    assert history is not None
    assert history.epochs.tolist() == [0, 1, 2, 3]
    assert history.sample_id.tolist() == data.sample_id.tolist()
    assert history.source_index.tolist() == data.source_index.tolist()
    for event, logits in zip(validations(run), history.logits, strict=True):
        counts = confusion_matrix(history.label, logits.argmax(axis=1), 7)
        assert counts.tolist() == event["val_confusion"]
    model, card = load_model(run.last)
    pixels = align_all(data, card.preprocessing).pixels
    expected = predict(model, card, pixels, torch.device("cpu")).logits
    np.testing.assert_allclose(softmax(history.logits[3]), softmax(expected), atol=2e-3)
    assert history.right(9) is None
    first = history.right(0)
    assert first is not None
    assert first.mean() == validations(run)[0]["val_accuracy"]


def test_predictions_stay_the_same_in_half_precision(run: RunDir) -> None:
    """Even where two logits differ by less than float16 can tell, and where they are huge."""
    draw = np.random.default_rng(0)
    logits = draw.normal(0, 3, (500, 7)).astype(np.float32)
    logits[:250, 3] = np.nextafter(logits[:250].max(axis=1), np.float32(99))
    logits[:50] += 1000
    logits[50:60] *= 1e6
    begin_val_history(run, samples(500), 0)
    write_val_logits(run, 0, logits)
    history = read_val_history(run)
    assert history is not None
    assert (history.logits[0].argmax(axis=1) == logits.argmax(axis=1)).all()
    np.testing.assert_allclose(softmax(history.logits[0, 60:]), softmax(logits[60:]), atol=1e-3)
    assert np.isfinite(history.logits).all()


def test_an_epoch_of_fer2013_takes_fifty_kilobytes(run: RunDir) -> None:
    logits = np.random.default_rng(0).normal(0, 3, (3589, 7)).astype(np.float32)
    begin_val_history(run, samples(3589), 0)
    write_val_logits(run, 12, logits)
    assert (run.epochs / "0012.npz").stat().st_size < 51_000
    assert (run.epochs / "samples.npz").stat().st_size < 60_000


def test_a_resumed_run_forgets_what_it_does_again(run: RunDir) -> None:
    begin_val_history(run, samples(7), 0)
    for epoch in (0, 1, 2):
        write_val_logits(run, epoch, np.eye(7, dtype=np.float32))
    begin_val_history(run, samples(7), 1)
    history = read_val_history(run)
    assert history is not None
    assert history.epochs.tolist() == [0, 1]
    begin_val_history(run, samples(6), 1)  # the data have changed since
    assert read_val_history(run) is None
    write_val_logits(run, 2, np.eye(6, 7, dtype=np.float32))
    history = read_val_history(run)
    assert history is not None
    assert len(history.label) == 6


def test_the_fingerprint_is_of_samples_and_labels_in_order() -> None:
    base = samples(7)
    assert base.fingerprint == samples(7).fingerprint
    others = [
        samples(8),
        replace(base, label=base.label[::-1].copy()),
        replace(base, sample_id=base.sample_id[::-1].copy()),
    ]
    assert len({base.fingerprint, *(other.fingerprint for other in others)}) == 4
    assert replace(base, source_index=base.source_index + 9).fingerprint == base.fingerprint


def test_a_damaged_history_is_a_data_error(run: RunDir) -> None:
    assert read_val_history(run) is None
    begin_val_history(run, samples(7), 0)
    assert read_val_history(run) is None
    write_val_logits(run, 0, np.eye(5, 7, dtype=np.float32))
    with pytest.raises(DataError, match=r"0000\.npz.*5 samples, not 7"):
        read_val_history(run)
    (run.epochs / "samples.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"samples\.npz"):
        read_val_history(run)
    begin_val_history(run, samples(7), 0)  # a resumed run begins it again
    assert read_val_history(run) is None


def test_each_epochs_model_is_kept_on_request(tmp_path: Path) -> None:
    config = load_config(None, [*SETS, "run.keep_epochs=true", "optim.epochs=2"])
    run = create_run(tmp_path, "test", config, tmp_path)
    Trainer(run, "test", config, drawn_data(2)).fit()
    models = [load_model(run.epoch_model(epoch)) for epoch in (0, 1, 2)]
    assert [card.metrics["epoch"] for _, card in models] == [0, 1, 2]
    last = load_model(run.last)[0].state_dict()
    assert all(torch.equal(last[name], value) for name, value in models[2][0].state_dict().items())
    plain = new_run(tmp_path / "plain")
    train_run(plain)
    files = {path.name for path in plain.best.parent.iterdir()}
    assert files == {"best.safetensors", "last.safetensors"}
