"""The Studies page in a window of its own."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from ferapp.runs.study_process import StudyChoice
from ferapp.runs.study_sources import FoundSources
from ferapp.runs.task_queue import ReportProgress
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.studies.studies_page import StudiesPage, StudyTools
from tests.support.ui.fake_study import FakeStudyProcess
from trainer.errors import UsageError

WAIT = 90_000  # ms; a process takes seconds to start where others work, too


def find_clips(choice: StudyChoice, report: ReportProgress) -> FoundSources:
    """Two clips in every folder but in one that is called `nothing`."""
    if choice.sources[0].endswith("nothing"):
        raise UsageError("nothing: there is no video and no picture here")
    return FoundSources(("a", "b"), videos=2, seconds=125.0)


class StudiesBench:
    """`opened` are the tables that were opened."""

    def __init__(self, folder: Path, qtbot: QtBot) -> None:
        self.qtbot, self.folder = qtbot, folder
        self.opened: list[str] = []
        self.store = SettingsStore()
        tools = StudyTools(
            find_clips,
            self.opened.append,
            ("default", "compact"),
            folder,
            start=FakeStudyProcess,
            resume=lambda _, out: FakeStudyProcess([], out),
        )
        self.page = StudiesPage(tools, self.store)
        self.window = QMainWindow()
        qtbot.addWidget(self.window)
        self.window.setCentralWidget(self.page)
        self.window.setMinimumSize(960, 640)
        self.window.show()

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=WAIT)

    def open(self, out: Path) -> None:
        self.page.open_study(out)
        self.wait(lambda: self.page.study is not None)
        self.settle()

    def settle(self) -> None:
        """Read the files again, and wait until they are shown."""
        self.page._refresh()
        self.wait(lambda: not self.page.tasks.busy)

    def set_up(self, *sources: Path) -> None:
        self.page.set_up([str(source) for source in sources])
        self.wait(lambda: not self.page.tasks.busy)
