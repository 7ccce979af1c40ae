"""What the app may learn of its user, and how it forgets: two windows, each there once."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from ferapp.live.status import LiveEngine, ModelState
from ferapp.personal.examples import Examples
from ferapp.personal.finetune import end_trainings
from ferapp.personal.stored_data import Places, recordings_in
from ferapp.ui.live import snapshot
from ferapp.ui.recording import recording_controller
from ferapp.ui.shell import drop_paste
from ferapp.ui.shell.settings import Settings
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.teach.delete_data import ForgetSheet
from ferapp.ui.teach.teach_window import TeachSheet, Tools


@dataclass(frozen=True, slots=True)
class Log:
    """The log's file, None where there is none, and what deletes what it has."""

    file: Path | None = None
    forget: Callable[[], None] = lambda: None


class OwnData(QObject):
    """Opens the windows for the actions `teach` and `forget`, and lets go of what is deleted."""

    def __init__(
        self,
        window: MainWindow,
        engine: LiveEngine,
        tools: Tools,
        log: Log,
    ) -> None:
        super().__init__(window)
        self._window, self._engine, self._tools, self._log = window, engine, tools, log
        self.examples = Examples()
        self.teaching: TeachSheet | None = None
        self.forgetting: ForgetSheet | None = None
        window.actions_by_id["teach"].triggered.connect(self.teach)
        window.actions_by_id["delete_data"].triggered.connect(self.forget)

    def teach(self) -> None:
        if self.teaching is None:
            page = self._window.live_page
            page.go_live()
            sheet = TeachSheet(self._window, page, self.examples, self._tools, self.forget)
            sheet.used.connect(self._window.load_model)
            sheet.finished.connect(self._teaching_ended)
            self.teaching = sheet
        _show(self.teaching)

    def forget(self) -> None:
        if self.forgetting is None:
            places = Places(
                settings=self._window.store.path,
                recordings=self._recordings,
                snapshots=snapshot.pictures_folder(),
                pasted=drop_paste.pasted_folder(),
                log=self._log.file,
            )
            sheet = ForgetSheet(self._window, places, self._let_go, self._end, self._log.forget)
            sheet.finished.connect(self._forgetting_ended)
            self.forgetting = sheet
        _show(self.forgetting)

    @property
    def _recordings(self) -> tuple[Path, ...]:
        """The usual folder, and the one that was chosen, if another was."""
        usual, chosen = recording_controller.recordings_folder(), self._window.recordings.folder
        return (usual,) if chosen == usual else (usual, chosen)

    def _let_go(self, pressed: AbstractSet[str]) -> str:
        """Nothing uses any more what is to be deleted; or why that cannot be, in words.

        `pressed` are the kinds that do not go by themselves.
        """
        running = self._engine.status().recording
        if running is not None and not running.over:
            return "A recording runs. End it first: key R."
        if self.teaching is not None:
            self.teaching.end_training()
            self.teaching.close()
        status = self._engine.status()
        if _lies_in(status.second_model.spec if status.second_model else "", self.examples.root):
            self._engine.compare_with("")
        loading = status.model.state is ModelState.LOADING  # it may be one of those
        if loading or _lies_in(status.model.spec, self.examples.root):
            self._engine.load_model(Settings().model)
        folders = [drop_paste.pasted_folder()]
        if "recordings" in pressed:
            folders += self._recordings
        sources = status.source.uri, status.source.opening
        if any(_lies_in(source, folder) for source in sources for folder in folders):
            self._window.open_source("demo")
        chosen = self._window.store.now.recordings
        stay = bool(chosen) and "recordings" not in pressed and recordings_in(Path(chosen))
        self._window.clear_recent(chosen if stay else "")  # who deletes them later has to find them
        return ""

    def _end(self) -> None:
        """Trainings of an earlier day that still go on; in the desk's thread."""
        end_trainings(self.examples.runs)

    def _teaching_ended(self) -> None:
        self.teaching = None

    def _forgetting_ended(self) -> None:
        self.forgetting = None


def _lies_in(file: str, folder: Path) -> bool:
    return bool(file) and Path(file).expanduser().is_relative_to(folder)


def _show(sheet: TeachSheet | ForgetSheet) -> None:
    sheet.show()
    sheet.raise_()
    sheet.activateWindow()
