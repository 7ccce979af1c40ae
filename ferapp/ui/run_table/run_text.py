"""A run's figures and status for people, wherever the window shows them."""

from ferapp.runs.run_reader import RunSnapshot
from ferapp.ui.text.figure_text import accuracy_text, conditions_text, interval_tip, margin_text
from trainer.reports.run_list.run_status import MEANINGS


def state_text(run: RunSnapshot) -> str:
    """`running, epoch 3 of 28`, `done`, `done, did not beat its start`, `damaged: …`."""
    if run.state == "running" and run.epochs_planned:
        return f"running, epoch {max(run.epoch, 1)} of {run.epochs_planned}"
    if run.state in ("failed", "damaged") and run.reason:
        return f"{run.state}: {run.reason.splitlines()[0]}"
    return run.row.status_text


def state_tip(run: RunSnapshot) -> str:
    """What the status means, and the reason of a failure."""
    return "\n".join(filter(None, (MEANINGS[run.state], run.reason)))


def best_conditions(run: RunSnapshot) -> str:
    """What the figures of its best model were measured on: `val · epoch 16 · n = 3,589`."""
    if run.best is None:
        return ""
    return conditions_text("val", run.best.epoch, run.best.n, "")


def accuracy_margin(run: RunSnapshot) -> str:
    return "" if run.best is None else margin_text(run.accuracy, run.best.accuracy_interval)


def run_tip(run: RunSnapshot) -> str:
    """Folder, start, status, accuracy with its interval, and notes."""
    row = run.row
    lines = [str(run.path)]
    if row.started is not None:
        lines.append(f"Started {row.started:%Y-%m-%d %H:%M:%S}")
    lines.append(run.reason or state_text(run))
    if run.best is not None:
        lines.append(f"{accuracy_text(run.accuracy)} correct ({best_conditions(run)})")
        lines.append(interval_tip(run.best.accuracy_interval, "Wilson"))
    if run.start is not None:
        lines.append(f"Its start, {run.start_name}: {accuracy_text(run.start.accuracy)}")
    if run.about.tags:
        lines.append(f"Tags: {', '.join(run.about.tags)}")
    lines.append(run.about.notes)
    return "\n".join(filter(None, lines))
