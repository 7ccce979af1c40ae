"""The question before a second run starts on a machine with few cores."""

import os
from typing import Any, Literal

from PySide6.QtWidgets import QMessageBox, QWidget

FEW_CORES = 4  # a second run makes both slower, and the window slow

StartAnswer = Literal["queue", "now", "cancel"]


def has_few_cores() -> bool:
    return (os.cpu_count() or 1) <= FEW_CORES


def question_text() -> str:
    cores = os.cpu_count() or 1
    all_cores = {1: "the only core", 2: "both cores"}.get(cores, f"all {cores} cores")
    return f"One run already uses {all_cores}: queue it or start now?"


def ask_to_queue(parent: QWidget) -> StartAnswer:
    box = QMessageBox(parent)
    box.setWindowTitle("Another run is training")
    box.setText(question_text())
    box.setInformativeText("Two runs at a time take about as long as one after the other.")
    queue = box.addButton("Add to queue", QMessageBox.ButtonRole.AcceptRole)
    answers: dict[Any, StartAnswer] = {
        queue: "queue",
        box.addButton("Start now", QMessageBox.ButtonRole.DestructiveRole): "now",
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole): "cancel",
    }
    box.setDefaultButton(queue)
    box.exec()
    return answers.get(box.clickedButton(), "cancel")
