"""Valence and arousal: the concordance and its loss, learned, saved, measured and refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.support.trainer.drawn import drawn_affect_data, drawn_data
from trainer.config.loading import load_config
from trainer.config.objective_config import ObjectiveConfig
from trainer.data.augmentation import Batch
from trainer.errors import UsageError
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.metrics import concordance_correlation, valence_arousal_metrics
from trainer.losses.concordance import concordance
from trainer.losses.objective import Objective
from trainer.model_index import read_card
from trainer.models import create
from trainer.models.model_file import load_model
from trainer.models.registry import capture_outputs
from trainer.training.averaging import average_weights
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir, create_run
from trainer.training.trainer import Trainer

SMALL = {"widths": [16, 32], "blocks": [1, 1]}


def lin(x: np.ndarray, y: np.ndarray) -> float:
    """Lin's coefficient from numpy's covariance matrix, with 1/N."""
    ((xx, xy), (_, yy)) = np.cov(x, y, bias=True)
    return float(2 * xy / (xx + yy + (np.mean(x) - np.mean(y)) ** 2))


class TestFormula:
    def test_it_is_lins(self) -> None:
        draw = np.random.default_rng(0)
        for _ in range(5):
            x, y = draw.normal(0.2, 1, 40), draw.normal(-0.1, 0.6, 40)
            y += draw.uniform(-1, 1) * x
            assert concordance_correlation(x, y) == pytest.approx(lin(x, y), abs=1e-12)
            both = concordance(torch.tensor(np.stack([x, y], 1)), torch.tensor(np.stack([y, x], 1)))
            assert both.numpy() == pytest.approx([lin(x, y)] * 2, abs=1e-6)

    def test_a_shift_and_a_scale_cost_what_a_correlation_does_not_see(self) -> None:
        x = np.linspace(-1, 1, 50)
        assert concordance_correlation(x, x) == pytest.approx(1)
        assert concordance_correlation(x, -x) == pytest.approx(-1)
        assert concordance_correlation(x + 0.5, x) < 0.8
        assert concordance_correlation(0.3 * x, x) < 0.6

    def test_unknown_samples_count_nothing(self) -> None:
        draw = np.random.default_rng(1)
        x, y = draw.uniform(-1, 1, (2, 30, 2))
        y[::3] = np.nan
        known = np.isfinite(y[:, 0])
        expected = [lin(x[known, axis], y[known, axis]) for axis in (0, 1)]
        assert concordance(torch.tensor(x), torch.tensor(y)).numpy() == pytest.approx(
            expected, abs=1e-6
        )
        measured = valence_arousal_metrics(x, y)
        assert measured["valence_ccc"] == pytest.approx(expected[0])
        errors = x[known, 1] - y[known, 1]
        assert measured["arousal_rmse"] == pytest.approx(np.sqrt((errors**2).mean()))
        assert measured["n"] == 20

    def test_without_two_samples_there_is_nothing_to_say(self) -> None:
        nothing = np.full((4, 2), np.nan)
        assert valence_arousal_metrics(np.zeros((4, 2)), nothing) == {}
        assert concordance(torch.zeros(4, 2), torch.tensor(nothing)).isnan().all()


class TestLoss:
    def objective(self, weight: float = 1.0) -> tuple[Objective, torch.nn.Module]:
        torch.manual_seed(0)
        model = create("compact", input_size=32, valence_arousal=True, **SMALL)
        config = ObjectiveConfig(concordance={"weight": weight})
        return Objective(config, model, torch.eye(7)), model

    def batch(self, affect: torch.Tensor) -> Batch:
        draw = torch.Generator().manual_seed(0)
        x = torch.randn(4, 1, 32, 32, generator=draw)
        no_landmarks = torch.full((4, 68, 2), torch.nan)
        return Batch(x, no_landmarks, torch.eye(7)[:4], valence_arousal=affect)

    def test_its_value_and_weight(self) -> None:
        affect = torch.tensor([[0.5, -0.2], [-0.5, 0.3], [torch.nan, torch.nan], [0.9, 0.1]])
        objective, model = self.objective(weight=3)
        model.eval()
        batch = self.batch(affect)
        value = objective(model, batch)
        loss = float(value.loss.detach())
        predicted = model.affect(model.embed(batch.x)).detach().numpy()
        rows = [0, 1, 3]
        mean = np.mean([lin(predicted[rows, k], affect[rows, k].numpy()) for k in (0, 1)])
        assert float(value.terms["loss_concordance"]) == pytest.approx(1 - mean, abs=1e-5)
        entropy = float(value.terms["loss_cross_entropy"])
        assert loss == pytest.approx(entropy + 3 * (1 - mean), abs=1e-4)

    def test_a_batch_without_known_values_has_finite_gradients(self) -> None:
        objective, model = self.objective()
        value = objective(model, self.batch(torch.full((4, 2), torch.nan)))
        assert float(value.terms["loss_concordance"]) == 0
        value.loss.backward()
        for parameter in model.parameters():
            assert parameter.grad is None or parameter.grad.isfinite().all()

    def test_data_without_any_are_refused(self, tmp_path: Path) -> None:
        config = load_config(None, ["objective.concordance.weight=1", "run.device='cpu'"])
        run = create_run(tmp_path, "none", config, tmp_path)
        with pytest.raises(UsageError, match="drawn has valence or arousal"):
            Trainer(run, "none", config, drawn_data(2))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A run on drawn faces, of which a tenth states neither valence nor arousal."""
    folder = tmp_path_factory.mktemp("affect")
    sets = [
        "model.options={widths=[8,16,32],blocks=[1,1,1],dropout=0.0,symmetric=true}",
        *("data.crop_size=46", "data.input_size=42", "objective.concordance.weight=2"),
        *("optim.epochs=7", "optim.batch_size=50", "optim.ema=0.9", "augment.mixup=0"),
        *("augment.erase=0", "run.device='cpu'", "run.threads=1"),
    ]
    config = load_config(None, sets)
    run = create_run(folder, "affect", config, folder)
    Trainer(run, "affect", config, drawn_affect_data(800, 150, unknown=80)).fit()
    return run


class TestLearned:
    def test_held_out_drawings(self, learned: RunDir) -> None:
        last = [event for event in read_events(learned.events) if event["event"] == "epoch"][-1]
        assert last["val_valence_ccc"] > 0.8
        assert last["val_arousal_ccc"] > 0.8
        assert "loss_concordance" in last

    def test_the_file_and_its_card(self, learned: RunDir) -> None:
        card = read_card(learned.best)
        assert card.valence_arousal
        assert "concordance of valence and arousal" in card.objective
        assert "valence and arousal, too" in card.summary
        assert card.metrics["valence_ccc"] > 0.5
        model, _ = load_model(learned.best)
        x, outputs = torch.randn(3, 1, 42, 42), {}
        with capture_outputs(model, {"affect"}, outputs):
            assert model(x).shape == (3, 7)
        assert outputs["affect"].shape == (3, 2)
        assert outputs["affect"].abs().max() < 1
        # symmetric: a face and its mirror image get the same
        torch.testing.assert_close(model.affect(model.embed(x.flip(-1))), outputs["affect"])

    def test_evaluate_and_its_files(self, learned: RunDir, tmp_path: Path) -> None:
        data = drawn_affect_data(2, 100, seed=5).of_split("val")
        model, card = load_model(learned.last)
        result = evaluate(model, card, data, torch.device("cpu"), out=tmp_path)
        with np.load(tmp_path / "predictions.npz", allow_pickle=False) as stored:
            predicted, true = stored["valence_arousal"], stored["valence_arousal_label"]
        assert true == pytest.approx(data.valence_arousal)
        measured = result["valence_arousal"]
        assert measured["valence_ccc"] == pytest.approx(lin(predicted[:, 0], true[:, 0]), abs=1e-6)
        assert measured["n"] == 100
        assert json.loads((tmp_path / "metrics.json").read_text())["valence_arousal"] == measured
        assert "Valence CCC" in (tmp_path / "report.md").read_text()

        plain = replace(data, valence_arousal=None)
        assert "valence_arousal" not in evaluate(model, card, plain, torch.device("cpu"))

    def test_models_with_and_without_cannot_be_averaged(self, learned: RunDir) -> None:
        model, card = load_model(learned.best)
        other = card.model_copy(update={"valence_arousal": False})
        with pytest.raises(UsageError, match="cannot be averaged: valence_arousal"):
            average_weights([(model, card), (model, other)])
