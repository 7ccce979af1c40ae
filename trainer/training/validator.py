"""Validation of a run: measures the averaged weights and saves the best and the last model."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from trainer.card import ModelCard
from trainer.config.train_config import TrainConfig
from trainer.data.crops import Crops
from trainer.errors import ModelFileError
from trainer.evaluation.metrics import classification_metrics, valence_arousal_metrics
from trainer.evaluation.predictions import predict
from trainer.model_index import read_card
from trainer.models.model_file import save_model
from trainer.models.registry import FerModel
from trainer.training.divergence import diverged
from trainer.training.run_dir import RunDir
from trainer.training.state import Checkpoint, StepPlan, TrainState, save_checkpoint
from trainer.training.val_history import write_val_logits

METRICS_IN_CARD = (
    *("epoch", "step", "n", "accuracy", "mean_class_accuracy", "macro_f1", "ece"),
    *("valence_ccc", "arousal_ccc"),
)


class Validator:
    """Validates on `crops` of the split `val` and writes the run's models and checkpoint.

    `best` are the metrics of the validation with the highest accuracy, the first among equals;
    those of epoch 0, the weights that training starts from, count with `model.keep_init` alone.
    All are raw: of logits without a temperature.
    """

    def __init__(
        self, run: RunDir, card: ModelCard, crops: Crops, plan: StepPlan, config: TrainConfig
    ) -> None:
        self._run, self._card, self._crops, self._plan = run, card, crops, plan
        self._optim = config.optim
        self._keep_init = config.model.keep_init
        self._keep_epochs = config.run.keep_epochs
        self.best: dict[str, Any] = {"epoch": -1, "accuracy": -1.0}

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint. The best model may be newer: a kill came between the two."""
        self.best = checkpoint.best
        try:
            saved = read_card(self._run.best).metrics
        except ModelFileError:
            return
        if saved.get("step", -1) > checkpoint.step:
            self.best = saved

    def validate(self, state: TrainState, means: Mapping[str, float]) -> dict[str, Any]:
        """Measure the averaged weights, save models and logits, return the event.

        `means` are those of the loss terms since the epoch began. The checkpoint is saved after
        the event is logged, by `save`: what a checkpoint has done has been reported. Raises
        Diverged, and saves nothing, where a logit is not finite.
        """
        started = time.perf_counter()
        measured, logits = self._measure(state.average)
        if not np.isfinite(logits).all():  # neither is a weight, and such a model cannot be opened
            raise diverged("what it predicts on val is no longer finite", self._optim)
        epoch = self._plan.epoch(state.step)
        result = {"epoch": epoch, "step": state.step, **measured}
        self._save_models(state, result)
        write_val_logits(self._run, epoch, logits)
        return {
            "event": "epoch" if state.step % self._plan.steps_per_epoch == 0 else "validation",
            "epoch": epoch,
            "epochs": self._plan.epoch(self._plan.total_steps),
            "step": state.step,
            **means,
            **{f"val_{key}": value for key, value in measured.items()},
            "best_epoch": self.best["epoch"] if self.best["epoch"] >= 0 else None,
            "val_seconds": round(time.perf_counter() - started, 2),
        }

    def save(self, state: TrainState) -> None:
        """Write the checkpoint from which the run can be resumed."""
        save_checkpoint(self._run.state, state.checkpoint(self.best))

    def _save_models(self, state: TrainState, result: dict[str, Any]) -> None:
        in_card = {key: result[key] for key in METRICS_IN_CARD if key in result}
        card = self._card.model_copy(update={"metrics": {"split": "val", **in_card}})
        weights = state.average.state_dict()
        if self._keep_epochs:
            save_model(self._run.epoch_model(result["epoch"]), weights, card)
        if state.step == 0 and not self._keep_init:
            return
        # a resumed run repeats the validation whose model was saved before the kill
        is_repeated = self.best.get("step") == state.step
        if result["accuracy"] > self.best["accuracy"] or is_repeated:
            self.best = result
            save_model(self._run.best, weights, card)
        save_model(self._run.last, weights, card)

    def _measure(self, model: FerModel) -> tuple[dict[str, Any], NDArray[np.float32]]:
        """Metrics on the validation split, without those per class, and its logits (N, K)."""
        crops, device = self._crops, next(model.parameters()).device
        predictions = predict(model, self._card, crops.pixels, device)
        logits, affect = predictions.logits, predictions.valence_arousal
        result = classification_metrics(logits, crops.labels.numpy(), self._card.classes)
        if affect is not None:
            affects = valence_arousal_metrics(affect, crops.valence_arousal.numpy())
            result |= {key: value for key, value in affects.items() if key != "n"}
        result["loss"] = float(nn.functional.cross_entropy(torch.from_numpy(logits), crops.labels))
        return {key: value for key, value in result.items() if key != "per_class"}, logits
