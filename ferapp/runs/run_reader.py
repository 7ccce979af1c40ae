"""Runs read from their files, incrementally: every read parses only what was appended.

Slow where many runs are listed: use it in a task queue. Runs of the command line, of another
machine or of an earlier day look like those that this app started.
"""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferapp.runs.run_validations import (
    BestCard,
    BestStatistics,
    Validation,
    best_statistics,
    find_best,
    validation_of,
)
from trainer.config.train_config import TrainConfig
from trainer.errors import FerError
from trainer.labels import EXPRESSIONS
from trainer.reports.run_list.run_rows import RunRow, run_row
from trainer.reports.run_list.run_status import RunStatus, run_status
from trainer.reports.run_records import best_validation, read_run_header
from trainer.training.event_log import parse_event
from trainer.training.run_about import RunAbout, read_about
from trainer.training.run_dir import RunDir

LOG_BYTES = 40_000
MAX_STEPS = 1500  # points of a curve; longer ones are thinned out

Series = tuple[NDArray[np.float64], NDArray[np.float64]]  # epochs, values


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run at one moment. `reason` says why it is damaged, failed, or done early.

    `best` is the validation of the best model; `start` that of the weights that training started
    from, where the run has measured them. `calibrated_ece` is the finished best model's, `verdict`
    says of a finished run whether it beat its start. What only one run needs, a list leaves empty:
    `log`, `best_statistics`, and `step_curves` and `epoch_curves`, which are by metric. `eta_s`,
    `images_per_second` and `memory_mb` are of the newest step.
    """

    path: Path
    name: str
    state: RunStatus
    reason: str = ""
    config: TrainConfig | None = None
    data: str = ""
    classes: tuple[str, ...] = EXPRESSIONS
    epoch: int = 0
    epochs_planned: int = 0
    progress: float = 0.0  # share of the steps done
    best: Validation | None = None
    validations: tuple[Validation, ...] = ()
    calibrated_ece: float = math.nan
    verdict: str = ""
    best_statistics: BestStatistics = field(default_factory=BestStatistics)
    step_curves: dict[str, Series] = field(default_factory=dict)
    epoch_curves: dict[str, Series] = field(default_factory=dict)
    eta_s: float = math.nan
    images_per_second: float = math.nan
    memory_mb: float = math.nan
    start_event: dict[str, Any] = field(default_factory=dict)
    log: str = ""
    about: RunAbout = field(default_factory=RunAbout)

    @property
    def row(self) -> RunRow:
        """As tables show it."""
        if self.config is None:
            return RunRow(self.path, self.state, self.about, self.reason)
        figures, n, epoch = dict[str, float](), 0, None
        if self.best is not None:
            figures = {**self.best.metrics, "ece": self.calibrated_ece}
            n, epoch = self.best.n, self.best.epoch
        return run_row(
            self.path,
            self.state,
            self.about,
            self.config,
            self.data,
            [(each.epoch, each.accuracy) for each in self.validations],
            {"epoch": epoch, **figures},
            n,
            reason=self.reason,
        )

    @property
    def has_model(self) -> bool:
        return RunDir(self.path).best.is_file()

    @property
    def is_active(self) -> bool:
        return self.state in ("starting", "running")

    @property
    def has_begun(self) -> bool:
        """Whether it trained at all; before that it reads its data and builds the network."""
        return bool(self.start_event)

    @property
    def can_resume(self) -> bool:
        """Whether it has begun, and ended before it was done."""
        ended = self.state in ("stopped", "interrupted", "failed")
        return ended and self.has_begun and self.config is not None

    @property
    def accuracy(self) -> float:
        """Of the best model, 0–1; NaN before the first validation."""
        return math.nan if self.best is None else self.best.accuracy

    @property
    def start(self) -> Validation | None:
        """The validation of the weights that training started from; None where there was none."""
        return next((each for each in self.validations if each.step == 0), None)

    @property
    def start_name(self) -> str:
        """`default`, or `random weights`."""
        init = self.config.model.init if self.config is not None else ""
        return Path(init).stem if init else "random weights"

    @property
    def missed_its_start(self) -> bool:
        """Whether it ended without an epoch more accurate than the model that it started from."""
        return self.row.missed_start


class EventTail:
    """Reads the complete lines of a growing file, each once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """New events, and whether the file was replaced by a shorter one and starts again."""
        try:
            size = self.path.stat().st_size
            if size == self._offset:  # most of many runs have ended
                return [], False
            restarted = size < self._offset or self._offset == 0
            if restarted:
                self._offset = 0
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                content = stream.read()
        except OSError:
            return [], False
        end = content.rfind(b"\n") + 1
        self._offset += end
        lines = content[:end].decode("utf-8", errors="replace").split("\n")
        return [event for event in map(parse_event, lines) if event is not None], restarted


class RunReader:
    """Reads one run again and again."""

    def __init__(self, path: Path) -> None:
        self._run = RunDir(path)
        self._tail = EventTail(self._run.events)
        self._steps: dict[int, dict[str, Any]] = {}
        self._validations: dict[int, dict[str, Any]] = {}
        self._start_event: dict[str, Any] = {}
        self._last_event: dict[str, Any] = {}
        self._head: tuple[str, str, TrainConfig] | None = None
        self._card = BestCard(self._run)
        self._statistics: tuple[dict[str, Any], BestStatistics] = ({}, BestStatistics())
        self._about: tuple[int, RunAbout] = (-1, RunAbout())  # its file's time in ns
        self._listed: tuple[tuple[object, ...], RunSnapshot] | None = None

    def read(self, now: float | None = None, *, curves: bool = True) -> RunSnapshot:
        """The run as it is now; without `curves` only what a list shows."""
        path = self._run.path
        try:
            self._head = self._head or read_run_header(self._run)
        except FerError as error:
            reason = _on_one_line(str(error), path)
            return RunSnapshot(path, path.name, "damaged", reason, about=self._read_about())
        _, data, config = self._head
        try:
            return self._snapshot(time.time() if now is None else now, curves, data, config)
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            reason = f"events.jsonl is damaged ({error})"
            return RunSnapshot(path, path.name, "damaged", reason, about=self._read_about())

    def _snapshot(self, now: float, curves: bool, data: str, config: TrainConfig) -> RunSnapshot:
        path = self._run.path
        events, restarted = self._tail.read()
        self._apply(events, restarted)
        state = run_status(self._run, self._start_event, self._last_event, now)
        card, about = self._card.read(), self._read_about()
        # the same snapshot tells a table of many runs, at no cost, that nothing has changed
        version = (self._last_event, state, card, about)
        if not curves and not restarted and self._listed and self._listed[0] == version:
            return self._listed[1]
        newest = next(reversed(self._steps.values()), {})
        planned = int(self._start_event.get("steps") or 0)
        per_epoch = planned / max(config.optim.epochs, 1) or 1.0
        done = max(int(newest.get("step", 0)), int(self._start_event.get("step") or 0))
        measured = list(self._validations.values())
        samples = int(self._start_event.get("val_samples") or 0)
        validations = tuple(validation_of(event, per_epoch, samples) for event in measured)
        metrics = best_validation(measured, card, self._last_event)
        best = find_best(validations, metrics, samples)
        snapshot = RunSnapshot(
            path=path,
            name=path.name,
            state=state,
            reason=_end_reason(state, self._last_event),
            config=config,
            data=data,
            epoch=int(newest.get("epoch", 0)),
            epochs_planned=config.optim.epochs,
            progress=done / planned if planned else 0.0,
            best=best,
            validations=validations,
            calibrated_ece=_number(metrics.get("ece")),
            verdict=str(self._last_event.get("verdict", "")),
            best_statistics=self._statistics_of(metrics) if curves else BestStatistics(),
            step_curves=_curves(list(self._steps.values()), per_epoch, MAX_STEPS) if curves else {},
            epoch_curves=_curves(measured, per_epoch) if curves else {},
            eta_s=_number(newest.get("eta_s")),
            images_per_second=_number(newest.get("images_per_second")),
            memory_mb=_number(newest.get("memory_mb")),
            start_event=self._start_event,
            log=_end_of(self._run.log) if curves else "",
            about=about,
        )
        if not curves:
            self._listed = (version, snapshot)
        return snapshot

    def _read_about(self) -> RunAbout:
        """Read again only when the file is another."""
        try:
            version = self._run.about.stat().st_mtime_ns
        except OSError:
            version = -1
        if version != self._about[0]:
            self._about = (version, read_about(self._run))
        return self._about[1]

    def _statistics_of(self, metrics: dict[str, Any]) -> BestStatistics:
        """Computed once for each best model, and again once it is calibrated."""
        if metrics != self._statistics[0]:
            self._statistics = (metrics, best_statistics(self._run, metrics))
        return self._statistics[1]

    def _apply(self, events: list[dict[str, Any]], restarted: bool) -> None:
        if restarted:
            self._steps, self._validations, self._start_event, self._last_event = {}, {}, {}, {}
        for event in events:
            kind, step = event.get("event"), event.get("step")
            if kind == "run_started":
                # a killed run repeats the steps after its last checkpoint
                self._start_event = event
                first = int(step or 0)
                self._steps = {k: v for k, v in self._steps.items() if k <= first}
                self._validations = {k: v for k, v in self._validations.items() if k <= first}
            elif kind == "step" and isinstance(step, int):
                self._steps[step] = event
            elif kind in ("epoch", "validation") and isinstance(step, int):
                self._validations[step] = event
            self._last_event = event


class RunFolder:
    """All runs of a folder, newest first, each read incrementally."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._readers: dict[Path, RunReader] = {}

    def list(self) -> tuple[RunSnapshot, ...]:
        """All runs, without curves. Other folders are ignored."""
        try:
            paths = sorted(
                (config.parent for config in self._folder.glob("*/config.json")),
                key=lambda path: path.name,
                reverse=True,
            )
        except OSError:
            paths = []
        self._readers = {path: self._readers.get(path) or RunReader(path) for path in paths}
        return tuple(reader.read(curves=False) for reader in self._readers.values())

    def read(self, path: Path) -> RunSnapshot:
        """One run, with curves."""
        return self._readers.setdefault(path, RunReader(path)).read()


def _curves(
    events: list[dict[str, Any]], per_epoch: float, max_points: int = 0
) -> dict[str, Series]:
    """Each numeric field of the events, over epochs; at most `max_points` of them, 0 is all."""
    if max_points and len(events) > max_points:
        rows = np.unique(np.linspace(0, len(events) - 1, max_points).astype(int)).tolist()
        events = [events[row] for row in rows]
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for event in events:
        x = float(event["step"]) / per_epoch
        for name, value in event.items():
            if isinstance(value, int | float) and name not in ("step", "steps", "time"):
                xs, ys = curves.setdefault(name, ([], []))
                xs.append(x)
                ys.append(float(value))
    return {name: (np.array(xs), np.array(ys)) for name, (xs, ys) in curves.items()}


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - LOG_BYTES))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def _end_reason(state: RunStatus, last: dict[str, Any]) -> str:
    """Why a run failed, or was done before its last epoch."""
    if state == "failed":
        return str(last.get("error", ""))
    text = str(last.get("ended_early", ""))
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _on_one_line(text: str, path: Path) -> str:
    """An error without the path of the run, which the window shows anyway."""
    return " ".join(text.replace(f"{path}/config.json: ", "").split())
