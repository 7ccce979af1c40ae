"""The question before the window closes while a process that it started runs."""

from typing import Any, Literal

from PySide6.QtWidgets import QMessageBox, QWidget


def ask_about_process(
    parent: QWidget, title: str, question: str, consequence: str, *, keep: str, stop: str
) -> Literal["keep", "stop", "cancel"]:
    """`keep` and `stop` are the texts of the buttons."""
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setText(question)
    box.setInformativeText(consequence)
    answers: dict[Any, Literal["keep", "stop", "cancel"]] = {
        box.addButton(keep, QMessageBox.ButtonRole.AcceptRole): "keep",
        box.addButton(stop, QMessageBox.ButtonRole.DestructiveRole): "stop",
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole): "cancel",
    }
    box.exec()
    return answers.get(box.clickedButton(), "cancel")
