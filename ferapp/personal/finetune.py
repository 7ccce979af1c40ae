"""Trainings on one's own examples: the command, the outcome, and the end of those that run."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from ferapp.runs.run_processes import end, process_of
from ferapp.runs.run_reader import Run, Runs
from ferapp.runs.training_process import command
from trainer.training.run_dir import RunDir

NAME = "personal"
ENDS_S = 10.0  # a killed process is gone within this time

Layers = Literal["head", "all"]


@dataclass(frozen=True, slots=True)
class Score:
    """Held-out pictures of one class: how many there are, and how many were recognised."""

    name: str
    count: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished training is worth. `epoch` is that of the model kept; 0 is the start."""

    model: Path
    epoch: int
    epochs: int
    scores: tuple[Score, ...] = field(default=())

    @property
    def count(self) -> int:
        return sum(score.count for score in self.scores)

    @property
    def before(self) -> int:
        return sum(score.before for score in self.scores)

    @property
    def after(self) -> int:
        return sum(score.after for score in self.scores)


def arguments(prepared: Path, runs: Path, layers: Layers, sets: tuple[str, ...] = ()) -> list[str]:
    """What stands after `fertrain`."""
    return command("personal", prepared, NAME, [f'optim.layers="{layers}"', *sets], runs)


def newest(runs: Path) -> Run | None:
    """The newest personal run with its curves; None before the first."""
    watched = Runs(runs)
    listed = watched.list()
    return watched.read(listed[0].path) if listed else None


def outcome(run: Run) -> Outcome | None:
    """Before and after on the held-out pictures; None while it is not known."""
    kept = int(run.best.get("epoch", -1))
    before, after = run.confusions.get(0), run.confusions.get(kept)
    if run.state != "done" or before is None or after is None or not run.has_model:
        return None
    scores = tuple(
        Score(name, int(before[row].sum()), int(before[row, row]), int(after[row, row]))
        for row, name in enumerate(run.classes)
        if before[row].sum()
    )
    return Outcome(RunDir(run.path).best, kept, run.epochs_planned, scores)


def end_trainings(runs: Path) -> None:
    """Kill what trains there, and wait until it is gone: its files are to be deleted."""
    going = [process_of(run.started) for run in Runs(runs).list() if run.goes_on]
    processes = {each for each in going if each is not None} | _launched_into(runs)
    for process in processes:
        end(process)
    psutil.wait_procs(processes, ENDS_S)


def _launched_into(runs: Path) -> set[psutil.Process]:
    """Those that were told to make their run there. Until they did, no file says so."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if {"trainer", str(runs)} <= set(process.cmdline()):
                found.add(process)
    return found
