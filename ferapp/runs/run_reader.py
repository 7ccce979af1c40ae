"""Runs as their files tell them, read again and again: only what is new is read.

Called in the desk's thread. A run of the command line, of another machine or of yesterday looks
the same as one that this app launched.
"""

import json
import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ferapp.runs.run_processes import is_here, may_train, process_of
from trainer.config.train_config import TrainConfig
from trainer.errors import FerError
from trainer.labels import EXPRESSIONS
from trainer.reports.run_records import ALIVE_SECONDS, read_run_header
from trainer.training.event_log import parse_event
from trainer.training.run_dir import RunDir

State = Literal["starting", "running", "done", "stopped", "failed", "interrupted", "damaged"]
LOG_BYTES = 40_000
STEPS = 1500  # points of a curve; more are thinned out

Series = tuple[NDArray[np.float64], NDArray[np.float64]]  # epochs and values


@dataclass(frozen=True, slots=True)
class Run:
    """A run at one moment. `reason` says why it is damaged or failed.

    `steps` and `epochs` are curves over epochs by name; `confusions` (K, K) those of the
    validations, by the epoch's number. `eta_s`, `speed` and `memory_mb` are of the newest step.
    """

    path: Path
    name: str
    state: State
    reason: str = ""
    config: TrainConfig | None = None
    data: str = ""
    classes: tuple[str, ...] = EXPRESSIONS
    epoch: int = 0
    epochs_planned: int = 0
    share: float = 0.0  # of the steps that are done
    best: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Series] = field(default_factory=dict)
    epochs: dict[str, Series] = field(default_factory=dict)
    confusions: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    eta_s: float = math.nan
    speed: float = math.nan
    memory_mb: float = math.nan
    started: dict[str, Any] = field(default_factory=dict)
    log: str = ""

    @property
    def has_model(self) -> bool:
        return RunDir(self.path).best.is_file()

    @property
    def goes_on(self) -> bool:
        return self.state in ("starting", "running")

    @property
    def began(self) -> bool:
        """Whether it trained at all; before, it reads its data and makes its network."""
        return bool(self.started)

    @property
    def can_resume(self) -> bool:
        """Whether it began, and there is something left to do."""
        ended = self.state in ("stopped", "interrupted", "failed")
        return ended and self.began and self.config is not None

    @property
    def accuracy(self) -> float:
        return float(self.best.get("accuracy") or math.nan)


class Tail:
    """The complete lines of a growing file, each once; from the start again when it shrank."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0

    def read(self) -> tuple[list[dict[str, Any]], bool]:
        """New events, and whether they start anew."""
        try:
            size = self.path.stat().st_size
            anew = size < self._offset or self._offset == 0
            if anew:
                self._offset = 0
            with self.path.open("rb") as stream:
                stream.seek(self._offset)
                content = stream.read()
        except OSError:
            return [], False
        end = content.rfind(b"\n") + 1
        self._offset += end
        found = map(parse_event, content[:end].decode("utf-8", errors="replace").split("\n"))
        return [event for event in found if event is not None], anew


class Watched:
    """One run that is read again and again."""

    def __init__(self, path: Path) -> None:
        self._run = RunDir(path)
        self._tail = Tail(self._run.events)
        self._steps: dict[int, dict[str, Any]] = {}
        self._validations: dict[int, dict[str, Any]] = {}
        self._started: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._head: tuple[str, str, TrainConfig] | None = None

    def read(self, now: float | None = None, *, curves: bool = True) -> Run:
        """How it stands. Without `curves` what a list needs only."""
        path = self._run.path
        try:
            self._head = head = self._head or read_run_header(self._run)
        except FerError as error:
            return Run(path, path.name, "damaged", _in_a_line(str(error), path))
        try:
            return self._standing(time.time() if now is None else now, curves, head[1], head[2])
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            words = f"events.jsonl: it holds what no training writes ({error})"
            return Run(path, path.name, "damaged", words)

    def _standing(self, now: float, curves: bool, data: str, config: TrainConfig) -> Run:
        path = self._run.path
        self._take(*self._tail.read())
        state = self._state(now)
        known = [
            each for each in self._validations.values() if each.get("val_accuracy") is not None
        ]
        top = max(known, key=lambda each: float(each["val_accuracy"]), default={})
        newest = next(reversed(self._steps.values()), {})
        planned = int(self._started.get("steps") or 0)
        per_epoch = planned / max(config.optim.epochs, 1) or 1.0
        done = max(int(newest.get("step", 0)), int(self._started.get("step") or 0))
        return Run(
            path=path,
            name=path.name,
            state=state,
            reason=str(self._last.get("error", "")) if state == "failed" else "",
            config=config,
            data=data,
            epoch=int(newest.get("epoch", 0)),
            epochs_planned=config.optim.epochs,
            share=done / planned if planned else 0.0,
            best={key.removeprefix("val_"): value for key, value in top.items()},
            steps=_series(list(self._steps.values()), per_epoch, STEPS) if curves else {},
            epochs=_series(list(self._validations.values()), per_epoch) if curves else {},
            confusions={
                int(each["epoch"]): np.array(each["val_confusion"], np.int64)
                for each in self._validations.values()
                if curves and each.get("val_confusion")
            },
            eta_s=_number(newest.get("eta_s")),
            speed=_number(newest.get("images_per_second")),
            memory_mb=_number(newest.get("memory_mb")),
            started=self._started,
            log=_end_of(self._run.log) if curves else "",
        )

    def _take(self, events: list[dict[str, Any]], anew: bool) -> None:
        if anew:
            self._steps, self._validations, self._started, self._last = {}, {}, {}, {}
        for event in events:
            kind, step = event.get("event"), event.get("step")
            if kind == "run_started":
                # what a killed run did after its last saved state is done again
                self._started = event
                begun = int(step or 0)
                self._steps = {k: v for k, v in self._steps.items() if k <= begun}
                self._validations = {k: v for k, v in self._validations.items() if k <= begun}
            elif kind == "step" and isinstance(step, int):
                self._steps[step] = event
            elif kind in ("epoch", "validation") and isinstance(step, int):
                self._validations[step] = event
            self._last = event

    def _state(self, now: float) -> State:
        if self._last.get("event") == "run_ended":
            reason = self._last.get("reason")
            return reason if reason in ("done", "stopped", "failed") else "interrupted"
        if self._last:
            alive = is_alive(self._started, _number(self._last.get("time")), now)
            return "running" if alive else "interrupted"
        try:
            made = json.loads(self._run.env.read_text(encoding="utf-8"))
            alive = is_alive(made, _number(made.get("time")), now)
            return "starting" if alive else "interrupted"
        except (OSError, ValueError, AttributeError, RecursionError):
            return "interrupted"


class Runs:
    """All runs of a folder, newest first; each is read from where it was left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._watched: dict[Path, Watched] = {}

    def list(self) -> tuple[Run, ...]:
        """Without curves. What is no run directory is left out."""
        try:
            paths = sorted(
                (each.parent for each in self._folder.glob("*/config.json")),
                key=lambda path: path.name,
                reverse=True,
            )
        except OSError:
            paths = []
        self._watched = {path: self._watched.get(path) or Watched(path) for path in paths}
        return tuple(each.read(curves=False) for each in self._watched.values())

    def read(self, path: Path) -> Run:
        """One of them, with curves."""
        return self._watched.setdefault(path, Watched(path)).read()


def is_alive(made: dict[str, Any], last: float, now: float) -> bool:
    """Whether the process that wrote `made` (pid, host, time) still trains.

    Of another machine only the time of its `last` event is known. A fresh one outweighs a clock
    that was set, or a process about which this user may learn nothing.
    """
    fresh = not math.isnan(last) and now - last < ALIVE_SECONDS
    if not isinstance(made.get("pid"), int) or not is_here(made):
        return fresh
    return process_of(made) is not None or (fresh and may_train(made))


def _series(events: list[dict[str, Any]], per_epoch: float, most: int = 0) -> dict[str, Series]:
    """Each number of the events over epochs."""
    if most and len(events) > most:
        rows = np.unique(np.linspace(0, len(events) - 1, most).astype(int)).tolist()
        events = [events[row] for row in rows]
    found: dict[str, tuple[list[float], list[float]]] = {}
    for event in events:
        x = float(event["step"]) / per_epoch
        for name, value in event.items():
            if isinstance(value, int | float) and name not in ("step", "steps", "time"):
                xs, ys = found.setdefault(name, ([], []))
                xs.append(x)
                ys.append(float(value))
    return {name: (np.array(xs), np.array(ys)) for name, (xs, ys) in found.items()}


def _end_of(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - LOG_BYTES))
            return stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _in_a_line(text: str, path: Path) -> str:
    """Without the path, which the list shows anyway."""
    return " ".join(text.replace(f"{path}/config.json: ", "").split())
