"""The question before a training with the corrections: what it will do, and when."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from ferapp.review.retraining import RetrainingPlan
from ferapp.ui.text import wording

_UNUSED = "of faces that it does not learn from (data.limit, or copies in another split)."


def plan_text(plan: RetrainingPlan) -> str:
    """What a retraining does, in sentences."""
    start, unused = plan.config.model.init, plan.corrections.unused
    relabelled, dropped = plan.corrections.relabelled, plan.corrections.dropped
    changes = [
        f"{wording.count(relabelled, 'face')} with another label" if relabelled else "",
        f"{wording.count(dropped, 'face')} left out" if dropped else "",
    ]
    same = (
        f"All settings are those of {plan.former}, so that only the labels differ."
        if plan.former
        else "The recipe is “default”: no run is open whose settings could be used."
    )
    return "\n".join(
        (
            f"A new run, “{plan.name}”: {' and '.join(filter(None, changes))}."
            + (f" Not used: {wording.count(unused, 'correction')} {_UNUSED}" if unused else ""),
            f"{same} {plan.config.model.name}, {wording.count(plan.config.optim.epochs, 'epoch')}, "
            + (f"starting from {start}." if start else "starting from random weights."),
            f"Data: {plan.data}. The data set itself is not changed.",
            "Afterwards both models are compared on the same validation faces."
            if plan.former
            else "To see what the corrections change, train once without them, and open that run.",
        )
    )


def ask_to_retrain(
    parent: QWidget, plan: RetrainingPlan, on_answer: Callable[[bool], None]
) -> QMessageBox:
    """Ask without blocking the window; `on_answer` gets True to start now, False for the form."""
    box = QMessageBox(parent)
    box.setWindowTitle("Retrain")
    box.setText(f"Train again with {wording.count(plan.corrections.used, 'correction')}?")
    box.setInformativeText(plan_text(plan))
    start = box.addButton("Start training", QMessageBox.ButtonRole.AcceptRole)
    form = box.addButton("Change settings first…", QMessageBox.ButtonRole.ActionRole)
    box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(start)

    def on_finished(_: int) -> None:
        clicked = box.clickedButton()
        box.deleteLater()
        if clicked in (start, form):
            on_answer(clicked is start)

    box.finished.connect(on_finished, Qt.ConnectionType.SingleShotConnection)
    box.open()
    return box
