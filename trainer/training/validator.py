"""What a run keeps of its validations: the best model, the newest, and the state to go on from."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from trainer.card import ModelCard
from trainer.data.crops import Crops
from trainer.evaluation.evaluate import metrics, predict
from trainer.models.model_file import save_model
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir
from trainer.training.state import Learner
from trainer.training.train_step import Plan

IN_CARD = ("epoch", "accuracy", "mean_class_accuracy", "macro_f1")


class Validations:
    """`best` is the one with the highest accuracy on the split `val`, the first of equals."""

    def __init__(
        self, run: RunDir, learner: Learner, card: ModelCard, crops: Crops, plan: Plan
    ) -> None:
        self._run, self._learner, self._card = run, learner, card
        self._crops, self._plan = crops, plan
        self.best: dict[str, Any] = {"epoch": -1, "accuracy": -1.0}
        self._newest: dict[str, Any] = {}

    def restore(self) -> None:
        """Go on where the run was saved. Raises DataError."""
        self.best, self._newest = self._learner.restore(self._run)

    def untold(self) -> dict[str, Any]:
        """The newest one's event, if the run was killed before it told of it; else empty."""
        told = {
            event.get("step")
            for event in read_events(self._run.events)
            if event.get("event") in ("epoch", "validation")
        }
        return {} if self._newest.get("step") in told else self._newest

    def take(self, means: Mapping[str, float]) -> dict[str, Any]:
        """Measure the averaged weights as they are now, save what is kept, return the event.

        `means` are the loss terms since the epoch began.
        """
        started, learner, per_epoch = time.perf_counter(), self._learner, self._plan.per_epoch
        result = self._measured()
        epoch = -(-learner.step // per_epoch)
        here = {"epoch": epoch, "step": learner.step, **result}
        metrics = {"split": "val", **{key: here[key] for key in IN_CARD}}
        card = self._card.model_copy(update={"metrics": metrics})
        state = learner.average.state_dict()
        if result["accuracy"] > self.best["accuracy"]:
            self.best = here
            save_model(self._run.best, state, card)
        save_model(self._run.last, state, card)
        self._newest = {
            "event": "epoch" if learner.step % per_epoch == 0 else "validation",
            "epoch": epoch,
            "epochs": self._plan.total // per_epoch,
            "step": learner.step,
            **means,
            **{f"val_{key}": value for key, value in result.items()},
            "best_epoch": self.best["epoch"],
            "val_seconds": round(time.perf_counter() - started, 2),
        }
        self.save()
        return self._newest

    def save(self) -> None:
        """The state to go on from."""
        self._learner.save(self._run, self.best, self._newest)

    def _measured(self) -> dict[str, Any]:
        model, crops = self._learner.average, self._crops
        device = next(model.parameters()).device
        logits = predict(model, self._card, crops.pixels, device).logits
        found = metrics(logits, crops.labels.numpy(), self._card.classes)
        found["loss"] = float(nn.functional.cross_entropy(torch.from_numpy(logits), crops.labels))
        return {key: value for key, value in found.items() if key not in ("per_class", "n")}
