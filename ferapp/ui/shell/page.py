"""What the window asks of the pages beside the live one."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from ferapp.runs.task_queue import Desk
from ferapp.ui.widgets.toast import Toast

COLLECT_MS = 30  # between two looks whether the desk has finished something


@dataclass(frozen=True, slots=True)
class Links:
    """What a page asks of the others, by what they are for."""

    go_live: Callable[[str], None]  # with a model file
    compare_live: Callable[[str, str], None]  # two model files, side by side
    inspect: Callable[[str], None]  # a run's directory, or an evaluation's


class Page(QWidget):
    """A page with a desk: work that takes a while goes there, outcomes come back by themselves."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.desk = Desk(name)
        self.toast = Toast(self)
        self._collecting = QTimer(self, interval=COLLECT_MS)
        self._collecting.timeout.connect(self.desk.collect)
        self._collecting.start()

    def may_close(self) -> bool:
        """Asked before the window closes; False keeps it open."""
        return True

    def stop(self) -> None:
        """The window closes: end what was begun."""
        self._collecting.stop()
        self.desk.close()
