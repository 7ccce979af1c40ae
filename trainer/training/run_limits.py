"""The limits that end a run in order before its last epoch: its time budget, early stopping."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from trainer.config.train_config import TrainConfig
from trainer.training.state import StepPlan


class RunLimits:
    """Counts time from its creation, and that of the run's earlier processes by its `events`."""

    def __init__(
        self, config: TrainConfig, plan: StepPlan, events: Sequence[Mapping[str, Any]]
    ) -> None:
        self._minutes, self._patience = config.run.budget_minutes, config.optim.patience
        self._plan = plan
        self._began = time.monotonic() - trained_seconds(events)

    def time_is_up(self) -> bool:
        used = time.monotonic() - self._began
        return self._minutes > 0 and used >= 60 * self._minutes

    def reason_to_end(self, step: int, best: Mapping[str, Any]) -> str:
        """A sentence if the run ends after the validation at `step`; "" if it goes on.

        `best` are the metrics of the best validation, with epoch -1 where there is none yet: a run
        never ends without a model.
        """
        if best["epoch"] < 0:
            return ""
        epoch = self._plan.epoch(step)
        is_whole = step % self._plan.steps_per_epoch == 0
        if self.time_is_up():
            noun = "minute" if self._minutes == 1 else "minutes"
            place = f"after epoch {epoch}" if is_whole else f"in epoch {epoch}"
            return f"ended by its budget of {self._minutes:g} {noun} {place}"
        if self._patience and is_whole and epoch - best["epoch"] >= self._patience:
            noun = "epoch" if self._patience == 1 else "epochs"
            return (
                f"ended by early stopping after epoch {epoch}: {self._patience} {noun} without a "
                f"better validation accuracy than epoch {best['epoch']}"
            )
        return ""


def trained_seconds(events: Sequence[Mapping[str, Any]]) -> float:
    """The time that a run's processes spent, each from its start to its last event."""
    total = 0.0
    newest: float | None = None  # None between two processes
    for event in events:
        now = event.get("time")
        if not isinstance(now, int | float):
            continue
        kind = event.get("event")
        if newest is not None and kind != "run_started":
            total += max(0.0, now - newest)  # clocks are changed
        if newest is not None or kind == "run_started":
            newest = None if kind == "run_ended" else now
    return total
