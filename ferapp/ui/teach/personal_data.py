"""The two dialogs about personal data: teaching a model the user's face, and deleting all data."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject

from ferapp.live.status import LiveEngine, ModelState
from ferapp.personal.examples import ExampleStore
from ferapp.personal.finetune import kill_trainings
from ferapp.personal.stored_data import DataLocations, recordings_in
from ferapp.ui.live import snapshot
from ferapp.ui.recording import recording_controller
from ferapp.ui.shell import drop_paste
from ferapp.ui.shell.settings import Settings
from ferapp.ui.shell.window import MainWindow
from ferapp.ui.teach.delete_data import DeleteDataDialog
from ferapp.ui.teach.teach_window import TeachTools, TeachWindow


@dataclass(frozen=True, slots=True)
class ErasableLog:
    """The log's file, None where it is in memory only, and what erases its content."""

    file: Path | None = None
    erase: Callable[[], None] = lambda: None


class PersonalData(QObject):
    """Opens each dialog once, and stops using files before they are deleted."""

    def __init__(
        self,
        window: MainWindow,
        engine: LiveEngine,
        tools: TeachTools,
        log: ErasableLog,
    ) -> None:
        super().__init__(window)
        self._window, self._engine, self._tools, self._log = window, engine, tools, log
        self.examples = ExampleStore()
        self.teach_window: TeachWindow | None = None
        self.delete_dialog: DeleteDataDialog | None = None
        window.actions_by_id["teach"].triggered.connect(self.teach)
        window.actions_by_id["delete_data"].triggered.connect(self.delete)

    def teach(self) -> None:
        if self.teach_window is None:
            page = self._window.live_page
            page.go_live()
            dialog = TeachWindow(self._window, page, self.examples, self._tools, self.delete)
            dialog.model_chosen.connect(self._window.load_model)
            dialog.finished.connect(self._on_teach_closed)
            self.teach_window = dialog
        _raise(self.teach_window)

    def delete(self) -> None:
        if self.delete_dialog is None:
            locations = DataLocations(
                settings=self._window.store.path,
                recordings=self._recordings,
                snapshots=snapshot.pictures_folder(),
                pasted=drop_paste.pasted_folder(),
                log=self._log.file,
            )
            dialog = DeleteDataDialog(
                self._window, locations, self._release, self._kill_trainings, self._log.erase
            )
            dialog.finished.connect(self._on_delete_closed)
            self.delete_dialog = dialog
        _raise(self.delete_dialog)

    @property
    def _recordings(self) -> tuple[Path, ...]:
        """The default folder, and the one chosen instead, if there is one."""
        default, chosen = recording_controller.recordings_folder(), self._window.recordings.folder
        return (default,) if chosen == default else (default, chosen)

    def _release(self, categories: AbstractSet[str]) -> str:
        """Stop using what will be deleted; returns why that is not possible, or "".

        `categories` are those that the user chose besides what is always deleted.
        """
        recording = self._engine.status().recording
        if recording is not None and not recording.over:
            return "A recording is running. Stop it first (key R)."
        if self.teach_window is not None:
            self.teach_window.kill_training()
            self.teach_window.close()
        self._release_models()
        self._release_sources(categories)
        chosen = self._window.store.now.recordings
        has_recordings = bool(chosen) and bool(recordings_in(Path(chosen)))
        remember = has_recordings and "recordings" not in categories  # to delete them later
        self._window.clear_recent(chosen if remember else "")
        return ""

    def _release_models(self) -> None:
        status = self._engine.status()
        second = status.second_model
        if second is not None and _is_inside(second.spec, self.examples.root):
            self._engine.compare_with("")
        is_loading = status.model.state is ModelState.LOADING  # it may be a personal one
        if is_loading or _is_inside(status.model.spec, self.examples.root):
            self._engine.load_model(Settings().model)

    def _release_sources(self, categories: AbstractSet[str]) -> None:
        status = self._engine.status()
        folders = [drop_paste.pasted_folder()]
        if "recordings" in categories:
            folders += self._recordings
        sources = status.source.uri, status.source.opening
        if any(_is_inside(source, folder) for source in sources for folder in folders):
            self._window.open_source("demo")

    def _kill_trainings(self) -> None:
        """Also those of an earlier session. Called in the task queue's thread."""
        kill_trainings(self.examples.runs)

    def _on_teach_closed(self) -> None:
        self.teach_window = None

    def _on_delete_closed(self) -> None:
        self.delete_dialog = None


def _is_inside(file: str, folder: Path) -> bool:
    return bool(file) and Path(file).expanduser().is_relative_to(folder)


def _raise(dialog: TeachWindow | DeleteDataDialog) -> None:
    dialog.show()
    dialog.raise_()
    dialog.activateWindow()
