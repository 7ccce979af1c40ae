"""The columns of the table of runs: what each shows, says on hover, and is sorted by."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ferapp.runs.run_reader import RunSnapshot
from ferapp.ui.run_table.run_text import (
    accuracy_margin,
    best_conditions,
    run_tip,
    state_text,
    state_tip,
)
from ferapp.ui.text.figure_text import accuracy_text, ece_text, interval_tip
from trainer.evaluation.intervals import Interval
from trainer.reports.run_list.run_rows import RunRow

SortKey = float | str | None  # None and NaN are last
_BOOTSTRAP = "bootstrap, 2,000 draws"


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run as it is listed. `intervals` of its best model are None until they are computed."""

    run: RunSnapshot
    row: RunRow
    name: str
    intervals: dict[str, Interval] | None = None


@dataclass(frozen=True, slots=True)
class RunColumn:
    """`figure` names a figure whose interval a bootstrap gives. `edits` is a field of RunAbout."""

    title: str
    tip: str
    text: Callable[[RunEntry], str]
    key: Callable[[RunEntry], SortKey]
    is_number: bool = False
    figure: str = ""
    edits: str = ""
    width: int = 90  # px at the usual text size

    def hover(self, entry: RunEntry) -> str:
        """The tooltip of a cell."""
        if self.title == "Status":
            return state_tip(entry.run)
        if self.figure and entry.run.best is not None:
            percent = self.figure != "ece"
            if entry.intervals is None:
                tip = "95 % interval: computing…"
            else:
                interval = entry.intervals.get(self.figure)
                tip = interval_tip(interval, _BOOTSTRAP, percent=percent)
                tip = tip or "95 % interval: not known, its predictions are not stored."
            return f"{self.tip}\n{self.text(entry)} ({best_conditions(entry.run)})\n{tip}"
        if self.edits == "notes" and entry.row.about.notes:
            return entry.row.about.notes
        return run_tip(entry.run)


def _figure_column(title: str, name: str, tip: str) -> RunColumn:
    write = ece_text if name == "ece" else accuracy_text
    return RunColumn(
        title,
        tip,
        lambda entry: write(entry.row.figure(name)),
        lambda entry: entry.row.figure(name),
        is_number=True,
        figure=name,
    )


def _accuracy(entry: RunEntry) -> str:
    return f"{accuracy_text(entry.row.figure('accuracy'))} {accuracy_margin(entry.run)}".strip()


def _epochs(entry: RunEntry) -> str:
    row = entry.row
    return f"{row.epoch} of {row.epochs}" if row.epochs else "–"


def _started(entry: RunEntry) -> str:
    started = entry.row.started
    return "–" if started is None else f"{started:%Y-%m-%d %H:%M}"


COLUMNS = (
    RunColumn(
        "Run",
        "Name, or the title that you gave it. Tick two or more runs to compare them.",
        lambda entry: entry.name,
        lambda entry: entry.name.casefold(),
        edits="title",
        width=210,
    ),
    RunColumn(
        "Status",
        "How far it is, or how it ended.",
        lambda entry: state_text(entry.run),
        lambda entry: state_text(entry.run),
        width=150,
    ),
    RunColumn(
        "Accuracy",
        "The share of validation pictures that the best model predicts correctly.",
        _accuracy,
        lambda entry: entry.row.figure("accuracy"),
        is_number=True,
        width=120,
    ),
    _figure_column("Mean class", "mean_class_accuracy", "The mean of the classes' recalls."),
    _figure_column("Macro F1", "macro_f1", "The mean of the classes' F1."),
    _figure_column("ECE", "ece", "Calibrated expected calibration error, of finished runs."),
    RunColumn(
        "Start",
        "The accuracy of the weights that training started from, on the same pictures.",
        lambda entry: accuracy_text(entry.row.start_accuracy),
        lambda entry: entry.row.start_accuracy,
        is_number=True,
        width=70,
    ),
    RunColumn(
        "Best epoch",
        "The epoch of the best model, which all figures are of.",
        lambda entry: "–" if entry.row.best_epoch is None else str(entry.row.best_epoch),
        lambda entry: math.nan if entry.row.best_epoch is None else entry.row.best_epoch,
        is_number=True,
        width=86,
    ),
    RunColumn(
        "Val n",
        "The number of validation pictures.",
        lambda entry: f"{entry.row.n:,}" if entry.row.n else "–",
        lambda entry: entry.row.n or math.nan,
        is_number=True,
        width=70,
    ),
    RunColumn(
        "Epochs",
        "Validated epochs, and how many are planned.",
        _epochs,
        lambda entry: entry.row.epoch,
        is_number=True,
        width=84,
    ),
    RunColumn(
        "Tags",
        "Your words for it, separated by commas. F2 edits them.",
        lambda entry: ", ".join(entry.row.about.tags),
        lambda entry: ", ".join(entry.row.about.tags).casefold() or None,
        edits="tags",
        width=130,
    ),
    RunColumn(
        "Notes",
        "Your notes. F2 edits them.",
        lambda entry: " ".join(entry.row.about.notes.split()),
        lambda entry: entry.row.about.notes.casefold() or None,
        edits="notes",
        width=220,
    ),
    RunColumn(
        "Data",
        "The data set.",
        lambda entry: Path(entry.row.data).name or "–",
        lambda entry: entry.row.data.casefold() or None,
        width=120,
    ),
    RunColumn(
        "Network",
        "The architecture.",
        lambda entry: entry.row.network or "–",
        lambda entry: entry.row.network or None,
    ),
    RunColumn(
        "Seed",
        "The random seed.",
        lambda entry: "–" if entry.row.seed is None else str(entry.row.seed),
        lambda entry: math.nan if entry.row.seed is None else entry.row.seed,
        is_number=True,
        width=56,
    ),
    RunColumn(
        "Started",
        "When it was started.",
        _started,
        lambda entry: None if entry.row.started is None else entry.row.started.isoformat(),
        width=130,
    ),
)
