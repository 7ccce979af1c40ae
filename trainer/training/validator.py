"""Validation of a run: measures the averaged weights and saves the best and the last model."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from trainer.card import ModelCard
from trainer.data.crops import Crops
from trainer.evaluation.metrics import classification_metrics, valence_arousal_metrics
from trainer.evaluation.predictions import predict
from trainer.models.model_file import save_model
from trainer.models.registry import FerModel
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir
from trainer.training.state import Checkpoint, StepPlan, TrainState, save_checkpoint

METRICS_IN_CARD = (
    *("epoch", "accuracy", "mean_class_accuracy", "macro_f1"),
    *("valence_ccc", "arousal_ccc"),
)


class Validator:
    """Validates on `crops` of the split `val` and writes the run's models and checkpoint.

    `best` are the metrics of the validation with the highest accuracy, the first among equals;
    `newest` is the event of the last validation.
    """

    def __init__(self, run: RunDir, card: ModelCard, crops: Crops, plan: StepPlan) -> None:
        self._run, self._card, self._crops, self._plan = run, card, crops, plan
        self.best: dict[str, Any] = {"epoch": -1, "accuracy": -1.0}
        self.newest: dict[str, Any] = {}

    def restore(self, checkpoint: Checkpoint) -> None:
        self.best, self.newest = checkpoint.best, checkpoint.newest

    def unreported(self) -> dict[str, Any]:
        """The newest event, if the run was killed before it was logged; else empty."""
        reported = {
            event.get("step")
            for event in read_events(self._run.events)
            if event.get("event") in ("epoch", "validation")
        }
        return {} if self.newest.get("step") in reported else self.newest

    def validate(self, state: TrainState, means: Mapping[str, float]) -> dict[str, Any]:
        """Measure the averaged weights, save models and checkpoint, return the event.

        `means` are those of the loss terms since the epoch began.
        """
        started = time.perf_counter()
        measured = self._measure(state.average)
        epoch = self._plan.epoch(state.step)
        result = {"epoch": epoch, "step": state.step, **measured}
        in_card = {key: result[key] for key in METRICS_IN_CARD if key in result}
        card = self._card.model_copy(update={"metrics": {"split": "val", **in_card}})
        weights = state.average.state_dict()
        if measured["accuracy"] > self.best["accuracy"]:
            self.best = result
            save_model(self._run.best, weights, card)
        save_model(self._run.last, weights, card)
        self.newest = {
            "event": "epoch" if state.step % self._plan.steps_per_epoch == 0 else "validation",
            "epoch": epoch,
            "epochs": self._plan.epoch(self._plan.total_steps),
            "step": state.step,
            **means,
            **{f"val_{key}": value for key, value in measured.items()},
            "best_epoch": self.best["epoch"],
            "val_seconds": round(time.perf_counter() - started, 2),
        }
        self.save(state)
        return self.newest

    def save(self, state: TrainState) -> None:
        """Write the checkpoint from which the run can be resumed."""
        save_checkpoint(self._run.state, state.checkpoint(self.best, self.newest))

    def _measure(self, model: FerModel) -> dict[str, Any]:
        """Metrics on the validation split, without those per class."""
        crops, device = self._crops, next(model.parameters()).device
        predictions = predict(model, self._card, crops.pixels, device)
        logits, affect = predictions.logits, predictions.valence_arousal
        result = classification_metrics(logits, crops.labels.numpy(), self._card.classes)
        if affect is not None:
            result |= valence_arousal_metrics(affect, crops.valence_arousal.numpy())
        result["loss"] = float(nn.functional.cross_entropy(torch.from_numpy(logits), crops.labels))
        return {key: value for key, value in result.items() if key not in ("per_class", "n")}
