"""Runs on clips: what only the order of frames tells, files, evaluations, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_clips, drawn_data
from trainer.config.loading import load_config
from trainer.data.clips import clip_rows
from trainer.errors import ModelFileError, UsageError
from trainer.evaluation.evaluate import evaluate
from trainer.model_index import file_sha256, find_model, read_card
from trainer.models.model_file import load_model, save_model
from trainer.recipes import recipe
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.run_inputs import FRAME_COPY, limit_clips
from trainer.training.trainer import Trainer

pytestmark = pytest.mark.slow  # the features of a thousand frames

CPU = torch.device("cpu")
DEFAULT = find_model("default")


def trained(folder: Path, name: str, *sets: str) -> RunDir:
    own = ["run.device='cpu'", "run.threads=1", "optim.epochs=20", *sets]
    config = load_config(None, own, **recipe(f"video/{name}").values)
    run = create_run(folder, name, config, folder)
    Trainer(run, name, config, drawn_clips(128, 40, frames=6)).fit()
    return run


@pytest.fixture(scope="module")
def gru(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return trained(tmp_path_factory.mktemp("gru"), "gru")


def last_accuracy(run: RunDir) -> float:
    epochs = [event for event in read_events(run.events) if event["event"] == "epoch"]
    return float(epochs[-1]["val_accuracy"])


class TestOrder:
    def test_a_gru_learns_what_only_the_order_of_frames_tells(self, gru: RunDir) -> None:
        assert last_accuracy(gru) > 0.9

    def test_the_mean_of_the_frames_does_not(self, tmp_path: Path) -> None:
        assert last_accuracy(trained(tmp_path, "mean", "optim.epochs=8")) < 0.65


class TestFile:
    def test_it_is_small_and_names_its_frame_model(self, gru: RunDir) -> None:
        assert gru.best.stat().st_size < 1 << 20
        card = read_card(gru.best)
        assert card.frame_model is not None
        assert (card.frame_model.name, card.frame_model.sha256) == ("default", file_sha256(DEFAULT))
        assert "reads the features of default" in card.summary
        assert card.preprocessing == read_card(DEFAULT).preprocessing
        assert card.data["train_samples"] == 128  # clips

    def test_the_frame_model_is_as_it_was(self, gru: RunDir) -> None:
        model, _ = load_model(gru.last)
        frame, _ = load_model(DEFAULT)
        for name, value in frame.state_dict().items():
            assert torch.equal(model.state_dict()[f"frame.{name}"], value), name

    def test_a_missing_frame_model_is_named(self, gru: RunDir, tmp_path: Path) -> None:
        model, card = load_model(gru.best)
        other = card.frame_model.model_copy(update={"name": "mine", "sha256": "ab" * 32})
        changed = card.model_copy(update={"frame_model": other})
        file = tmp_path / "clips.safetensors"
        save_model(file, model.state_dict(), changed)
        with pytest.raises(ModelFileError, match=r"the model mine \(SHA-256 abababababab"):
            load_model(file)

    def test_a_frame_model_of_ones_own_lies_beside_it(self, tmp_path: Path) -> None:
        own = tmp_path / "own.safetensors"
        network, card = load_model(DEFAULT)
        save_model(own, network.state_dict(), card.model_copy(update={"name": "own"}))
        sets = [f"model.init='{own}'", "optim.epochs=1", "run.device='cpu'"]
        config = load_config(None, sets, **recipe("video/gru").values)
        run = create_run(tmp_path, "own", config, tmp_path)
        Trainer(run, "own", config, drawn_clips(8, 4)).fit()
        assert file_sha256(run.best.parent / FRAME_COPY) == file_sha256(own)
        own.unlink()
        load_model(run.best)
        (run.best.parent / FRAME_COPY).unlink()
        with pytest.raises(ModelFileError, match="the model own"):
            load_model(run.best)


class TestEvaluate:
    def test_one_prediction_a_clip(self, gru: RunDir, tmp_path: Path) -> None:
        data = drawn_clips(4, 40, seed=3).of_split("val")
        model, card = load_model(gru.last)
        result = evaluate(model, card, data, CPU, out=tmp_path)
        assert result["n"] == 40
        assert result["accuracy"] > 0.85
        with np.load(tmp_path / "predictions.npz", allow_pickle=False) as stored:
            assert stored["logits"].shape == (40, 7)
            assert stored["sample_id"].tolist()[:2] == ["0004/4.png", "0005/4.png"]
            hits = stored["logits"].argmax(axis=1) == stored["label"]
        assert hits.mean() == pytest.approx(result["accuracy"])

    def test_reversed_clips_are_the_other_class(self, gru: RunDir) -> None:
        data = drawn_clips(4, 40, seed=3).of_split("val")
        rows = np.arange(len(data)).reshape(40, 8)[:, ::-1].ravel()
        model, card = load_model(gru.last)
        assert evaluate(model, card, data.select(rows), CPU)["accuracy"] < 0.15

    def test_of_a_frame_model_the_mean_of_probabilities_counts(self) -> None:
        data = drawn_clips(0, 6)
        model, card = load_model(DEFAULT)
        result = evaluate(model, card, data, CPU)
        assert result["n"] == 6
        assert (
            evaluate(model, card, data.select(np.arange(48)[::-1]), CPU)["confusion"]
            == result["confusion"]
        )

    def test_explanations_of_clips_are_refused(self, gru: RunDir) -> None:
        model, card = load_model(gru.best)
        with pytest.raises(UsageError, match="neither explained"):
            evaluate(model, card, drawn_clips(0, 4), CPU, explain=True)


class TestRefused:
    @pytest.mark.parametrize(
        ("sets", "reason"),
        [
            (["model.init=''"], "none is named"),
            (["objective.center.weight=0.1"], r"objective\.center cannot be used with clip_gru"),
        ],
    )
    def test_settings(self, tmp_path: Path, sets: list[str], reason: str) -> None:
        config = load_config(
            None, ["run.device='cpu'", "augment.mixup=0", *sets], **recipe("video/gru").values
        )
        run = create_run(tmp_path, "no", config, tmp_path)
        with pytest.raises(UsageError, match=reason):
            Trainer(run, "no", config, drawn_clips(4, 2))

    def test_pictures(self, tmp_path: Path) -> None:
        config = load_config(None, ["run.device='cpu'"], **recipe("video/gru").values)
        run = create_run(tmp_path, "no", config, tmp_path)
        with pytest.raises(UsageError, match="drawn has no clips"):
            Trainer(run, "no", config, drawn_data(2))


def test_a_limit_counts_clips() -> None:
    data = limit_clips(drawn_clips(20, 0), 6)
    assert len(np.unique(data.clip)) == 6
    assert len(data) == 48
    assert clip_rows(data).shape == (6, 16)
