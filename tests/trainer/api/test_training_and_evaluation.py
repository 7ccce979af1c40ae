"""`trainer.train`, `load_model` and `evaluate`: what the commands do, in Python."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

import trainer
from tests.support.trainer.drawn import drawn_face
from trainer.data.crops import to_input
from trainer.errors import ModelFileError, UsageError
from trainer.labels import EXPRESSIONS
from trainer.models import create

QUICK = {
    "optim.epochs": 3,
    "optim.batch_size": 14,
    "model.options": {"widths": [8, 16], "blocks": [1, 1]},
    "augment.start_side": 0,
    "data.landmarks": False,
    "run.device": "cpu",
}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of drawn faces: four of each class to train on, two for val."""
    folder, draw = tmp_path_factory.mktemp("drawn") / "faces", np.random.default_rng(0)
    for split, count in (("train", 4), ("val", 2)):
        for label, name in enumerate(EXPRESSIONS):
            (folder / split / name).mkdir(parents=True)
            for number in range(count):
                file = folder / split / name / f"{number}.png"
                cv2.imwrite(str(file), drawn_face(label, draw))
    return folder


@pytest.fixture(scope="module")
def run(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> trainer.Run:
    runs = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(runs / "cache"))
        return trainer.train(faces, "twin/ce", set=QUICK, name="drawn", runs=runs)


def test_a_run_is_that_of_the_command(run: trainer.Run, faces: Path) -> None:
    assert run.path.name.endswith("-drawn")
    header = json.loads((run.path / "config.json").read_text())
    assert header["data"] == str(faces)
    assert header["config"]["optim"]["epochs"] == 3
    assert header["config"]["model"]["options"]["widths"] == [8, 16]
    assert (run.path / "train.log").read_text().count("  epoch ") == 4
    assert run.best == run.path / "checkpoints" / "best.safetensors"
    assert 1 <= run.metrics["epoch"] <= 3
    text = f"best epoch {run.metrics['epoch']}, val accuracy {run.metrics['accuracy']:.2%}"
    assert text in repr(run)


def test_epochs_are_printed(
    faces: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer.train(faces, set=QUICK | {"optim.epochs": 1}, runs=tmp_path)
    out = capsys.readouterr().out
    assert f"Run {tmp_path}" in out
    assert "epoch   1  loss" in out
    assert "Reading: 42 pictures" in out


def test_a_loaded_model_is_a_module_with_its_card(run: trainer.Run) -> None:
    model = trainer.load_model(run.best)
    assert (model.card.classes, model.file) == (EXPRESSIONS, run.best)
    assert model.card.preprocessing.input_size == 44
    assert not model.training
    crops = torch.zeros(2, 48, 48, dtype=torch.uint8)
    assert model(to_input(crops, model.card.preprocessing)).shape == (2, 7)
    by_name = trainer.load_model(run.path)
    for name, value in model.state_dict().items():
        assert torch.equal(by_name.state_dict()[name], value)
    assert trainer.load_model("compact").card.name == "compact"


def test_an_evaluation_has_metrics_and_predictions(run: trainer.Run, faces: Path) -> None:
    result = trainer.evaluate(trainer.load_model(run.best), faces, split="val")
    assert result.metrics["accuracy"] == pytest.approx(run.metrics["accuracy"])
    table = result.predictions
    assert isinstance(table, pd.DataFrame)
    assert (table["label"] == table["predicted"]).mean() == result.metrics["accuracy"]
    assert len(table) == result.metrics["n"] == 14
    assert set(table["split"]) == {"val"}
    probabilities = table[[f"p_{name}" for name in EXPRESSIONS]]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.max(axis=1) == table["confidence"]).all()
    first = table.iloc[0]
    assert first[f"p_{first['predicted']}"] == first["confidence"]
    confusion = np.array(result.metrics["confusion"])
    angry = table[table["label"] == "angry"]
    assert confusion[0].tolist() == [(angry["predicted"] == n).sum() for n in EXPRESSIONS]
    for part in ("on faces, val", f"accuracy {result.metrics['accuracy']:.2%}", "n 14"):
        assert part in repr(result)
    assert not (run.path / "eval").exists()


def test_a_prior_changes_what_is_predicted(run: trainer.Run, faces: Path) -> None:
    shares = dict.fromkeys(EXPRESSIONS, 1e-9) | {"fear": 1.0}
    result = trainer.evaluate(run.best, faces, prior=shares)
    assert set(result.predictions["predicted"]) == {"fear"}
    assert result.metrics["accuracy"] == pytest.approx(1 / 7)


def test_what_is_wrong_is_said(run: trainer.Run, faces: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)no recipe 'defalt'.*default"):
        trainer.train(faces, "defalt")
    with pytest.raises(UsageError, match=r"optim\.epoch\b"):
        trainer.train(faces, set={"optim.epoch": 3})
    with pytest.raises(UsageError, match=r"section\.field"):
        trainer.train(faces, set={"epochs": 3})
    with pytest.raises(trainer.FerError, match="nowhere"):
        trainer.train(tmp_path / "nowhere", runs=tmp_path / "runs")
    with pytest.raises(ModelFileError, match=r"gone\.safetensors: there is no such file"):
        trainer.load_model("gone.safetensors")
    with pytest.raises(UsageError, match=r"(?s)no split 'tset'.*train, val"):
        trainer.evaluate(run.best, faces, "tset")
    with pytest.raises(UsageError, match="tta='all': known are none, flip, tencrop"):
        trainer.evaluate(run.best, faces, tta="all")
    with pytest.raises(UsageError, match=r"(?s)no card.*trainer\.load_model"):
        trainer.evaluate(create("compact"), faces)
    assert not list(tmp_path.glob("2*"))  # no run was begun
