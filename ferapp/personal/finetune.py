"""Fine-tuning on the user's own examples: the command, its result, and killing it."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from ferapp.runs.child_process import kill_tree
from ferapp.runs.run_reader import RunFolder, RunSnapshot
from ferapp.runs.training_process import train_arguments
from trainer.reports.run_list.run_process import find_process
from trainer.training.run_dir import RunDir

RUN_NAME = "personal"
KILL_TIMEOUT_S = 10.0

TrainedLayers = Literal["head", "all"]


@dataclass(frozen=True, slots=True)
class ClassResult:
    """Held-out pictures of one class, and how many were recognised before and after."""

    name: str
    count: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class FinetuneResult:
    """The effect of a finished training. `epoch` is that of the best model; 0 is the start."""

    model: Path
    epoch: int
    epochs: int
    classes: tuple[ClassResult, ...] = field(default=())

    @property
    def count(self) -> int:
        return sum(result.count for result in self.classes)

    @property
    def before(self) -> int:
        return sum(result.before for result in self.classes)

    @property
    def after(self) -> int:
        return sum(result.after for result in self.classes)


def finetune_arguments(
    prepared: Path, runs: Path, layers: TrainedLayers, settings: tuple[str, ...] = ()
) -> list[str]:
    """The arguments after `fertrain`."""
    return train_arguments(
        "personal", prepared, RUN_NAME, [f'optim.layers="{layers}"', *settings], runs
    )


def newest_run(runs: Path) -> RunSnapshot | None:
    """The newest personal run with its curves; None before the first."""
    folder = RunFolder(runs)
    listed = folder.list()
    return folder.read(listed[0].path) if listed else None


def finetune_result(run: RunSnapshot) -> FinetuneResult | None:
    """Before and after on the held-out pictures; None unless the training is done."""
    if run.state != "done" or run.start is None or run.best is None or not run.has_model:
        return None
    before, after = run.start.confusion, run.best.confusion
    if before is None or after is None:
        return None
    classes = tuple(
        ClassResult(name, int(before[row].sum()), int(before[row, row]), int(after[row, row]))
        for row, name in enumerate(run.classes)
        if before[row].sum()
    )
    return FinetuneResult(RunDir(run.path).best, run.best.epoch, run.epochs_planned, classes)


def kill_trainings(runs: Path) -> None:
    """Kill the trainings of this folder, and wait until they are gone: it will be deleted."""
    recorded = [find_process(run.start_event) for run in RunFolder(runs).list() if run.is_active]
    processes = {process for process in recorded if process is not None} | _without_run_yet(runs)
    for process in processes:
        kill_tree(process)
    psutil.wait_procs(processes, KILL_TIMEOUT_S)


def _without_run_yet(runs: Path) -> set[psutil.Process]:
    """Trainings started with this folder as their argument: no file mentions them at first."""
    processes = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if {"trainer", str(runs)} <= set(process.cmdline()):
                processes.add(process)
    return processes
