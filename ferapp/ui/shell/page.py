"""The base of every page but the live one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from ferapp.review.selection import ConfusionCell
from ferapp.runs.task_queue import TaskQueue
from ferapp.ui.widgets.toast import Toast

DELIVER_MS = 30  # between two deliveries of results of a task queue


@dataclass(frozen=True, slots=True)
class Links:
    """How a page opens something on another page."""

    go_live: Callable[[str], None]  # with a model file
    compare_live: Callable[[str, str], None]  # two model files, side by side
    inspect: Callable[[str], None]  # a run's directory, or an evaluation's
    inspect_epochs: Callable[[str], None]  # a run's directory
    inspect_cells: Callable[[str, frozenset[ConfusionCell]], None]  # a run's, of its matrix
    announce_live: Callable[[str], None] = lambda _: None  # a message on the live page


class Page(QWidget):
    """A page with a task queue for slow work, whose results are delivered by a timer."""

    drop_text = ""  # what a drop on it does; "" where the window opens what is dropped

    def __init__(self, name: str) -> None:
        super().__init__()
        self.tasks = TaskQueue(name)
        self.toast = Toast(self)
        self._delivery = QTimer(self, interval=DELIVER_MS)
        self._delivery.timeout.connect(self.tasks.deliver)
        self._delivery.start()

    def take_drop(self, paths: Sequence[str]) -> bool:
        """Use dropped files and folders; False leaves them to the window."""
        return False

    def may_close(self) -> bool:
        """Whether the window may close now."""
        return True

    def stop(self) -> None:
        """End what is running, because the window closes."""
        self._delivery.stop()
        self.tasks.close()
