"""The Studies page: the studies opened before, the form of a new one, or one study.

A study is analysed by `ferapp analyze … --out DIR` in a process of its own; the page shows what
its files say, whoever started it. Files are read in the page's task queue.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout

from ferapp.runs.study_process import StudyChoice, StudyProcess, resume_study
from ferapp.runs.study_reader import StudyReader, StudySnapshot
from ferapp.runs.study_sources import FoundSources, default_out
from ferapp.runs.task_queue import ReportProgress, TaskFailure
from ferapp.runs.text_table import TextTable, read_text_table
from ferapp.studies.study_record import StudyRecord, is_study
from ferapp.ui.shell.page import Page
from ferapp.ui.shell.settings import RECENT, SettingsStore
from ferapp.ui.studies.setup_view import SetupView
from ferapp.ui.studies.start_view import RecentStudy, StartView
from ferapp.ui.studies.study_view import StudyFiles, StudyView, files_of, state_text
from ferapp.ui.studies.summary_view import summary_file
from ferapp.ui.widgets.closing_question import ask_about_process
from trainer.errors import FerError
from trainer.model_index import MODEL_SUFFIX

REFRESH_MS = 700  # between two reads of a study's files
IN_ORDER = (0, 130, 143)  # exit codes: done, Ctrl+C, SIGTERM
BUSY = "Another study is running. Pause it, or wait until it is finished."
STARTS_NO_TWO = "This window runs another study. Pause it first."


@dataclass(frozen=True, slots=True)
class StudyTools:
    """What the page calls: `find_sources` in its task queue, `open_table` with a table's path."""

    find_sources: Callable[[StudyChoice, ReportProgress], FoundSources]
    open_table: Callable[[str], None]
    models: Sequence[str]
    documents: Path  # for tables, where nothing can be written beside the sources
    start: Callable[[Sequence[str], Path], StudyProcess] = StudyProcess
    resume: Callable[[StudyRecord, Path], StudyProcess] = resume_study


@dataclass(frozen=True, slots=True)
class _StudyResult:
    """What a read of a study's folder gives; `summary` is None where it is as before."""

    study: StudySnapshot
    files: StudyFiles
    summary: TextTable | None


class StudiesPage(Page):
    drop_text = "Drop to begin a study"

    def __init__(self, tools: StudyTools, store: SettingsStore) -> None:
        super().__init__("studies")
        self._tools, self._store = tools, store
        self._reader = StudyReader()
        self._recent_readers: dict[Path, StudyReader] = {}
        self._summary_stamp: tuple[Path, int] | None = None  # of the summary that is shown
        self._out: Path | None = None  # of the study that is shown
        self._failures: dict[Path, str] = {}  # by study: the output of a process that failed
        self.process: StudyProcess | None = None
        self.study: StudySnapshot | None = None
        self.start_view = StartView()
        self.setup = SetupView(tools.models)
        self.view = StudyView()
        self._stack = QStackedWidget()
        self._stack.setObjectName("inner")
        for widget in (self.start_view, self.setup, self.view):
            self._stack.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._connect()
        self._refresh()

    def _connect(self) -> None:
        self.start_view.sources_chosen.connect(self.set_up)
        self.start_view.study_chosen.connect(lambda out: self.open_study(Path(out)))
        self.setup.look_requested.connect(self._find_sources)
        self.setup.start_requested.connect(self.start)
        self.setup.back_requested.connect(self.show_start)
        view = self.view
        view.back_requested.connect(self.show_start)
        view.pause_requested.connect(self.pause)
        view.resume_requested.connect(self.resume)
        view.report_requested.connect(lambda: self._open_file("report.html"))
        view.folder_requested.connect(lambda: self._open_file("."))
        view.methods_requested.connect(self._copy_methods)
        view.source_opened.connect(self._open_source)
        view.message.connect(self.toast.show_message)
        self._timer = QTimer(self, interval=REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()

    # --- what is shown --------------------------------------------------------------------------

    def take_drop(self, paths: Sequence[str]) -> bool:
        """A study's folder is opened, other folders and files become a new study."""
        if not paths or any(Path(path).suffix.lower() == MODEL_SUFFIX for path in paths):
            return False
        if len(paths) == 1 and is_study(Path(paths[0])):
            self.open_study(Path(paths[0]))
        else:
            self.set_up(list(paths))
        return True

    def show_start(self) -> None:
        self._out = None
        self._stack.setCurrentWidget(self.start_view)
        self._refresh()

    def set_up(self, sources: Sequence[str]) -> None:
        """The form of a new study of these files and folders."""
        self._out = None
        out = default_out(sources, self._tools.documents)
        self._stack.setCurrentWidget(self.setup)
        self.setup.fill(sources, out, self._store.now.model)

    def open_study(self, out: Path) -> None:
        """Show a study that exists, and follow it while it runs."""
        if not is_study(out):
            self.toast.show_message(
                f"{out.name} is not the folder of a study: it has no study.json. "
                "To analyse its videos, choose it as the folder of a new study."
            )
            return
        self._show(out.absolute())

    def _show(self, out: Path) -> None:
        self._out, self._summary_stamp = out, None
        self.study = None
        self.view.show_starting(out.name)
        self._stack.setCurrentWidget(self.view)
        others = [recent for recent in self._store.now.recent_studies if recent != str(out)]
        self._store.change(recent_studies=(str(out), *others)[:RECENT])
        self._refresh()

    # --- reading --------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Read what is new, while the page is visible or a study needs watching."""
        self._poll()
        self.setup.block(BUSY if self.process is not None else "")
        if not self.isVisible() and self.process is None:
            return
        if self._out is not None:
            out, is_ours = self._out, self._is_ours(self._out)
            self.tasks.submit("study", lambda: self._read(out, is_ours), self._on_study)
        elif self._stack.currentWidget() is self.start_view:
            recent = [Path(out) for out in self._store.now.recent_studies]
            ours = self.process.out if self.process is not None else None
            self.tasks.submit("recent", lambda: self._read_recent(recent, ours), self._on_recent)

    def _is_ours(self, out: Path) -> bool:
        return self.process is not None and self.process.out == out

    def _read(self, out: Path, is_ours: bool) -> _StudyResult | None:
        """In the task queue's thread. None before the study has written its plan."""
        if not is_study(out) and is_ours:
            return None
        study = self._reader.read(out, is_ours)
        files, summary = files_of(study), None
        if files.summary:
            stamp = (out, summary_file(out).stat().st_mtime_ns)
            if stamp != self._summary_stamp:
                summary, self._summary_stamp = read_text_table(summary_file(out)), stamp
        return _StudyResult(study, files, summary)

    def _on_study(self, result: _StudyResult | TaskFailure | None) -> None:
        if isinstance(result, TaskFailure):
            self.toast.show_message(result.message)
            self.show_start()
            return
        if result is None or result.study.out != self._out:
            return
        self.study = study = result.study
        is_ours = self._is_ours(study.out)
        is_stopping = self.process is not None and is_ours and self.process.is_stopping
        notice = self._failures.get(study.out, "") if study.state != "finished" else ""
        self.view.show_study(
            study, result.files, can_pause=is_ours, is_stopping=is_stopping, notice=notice
        )
        if result.summary is not None:
            self.view.show_summary(result.summary)

    def _read_recent(self, recent: Sequence[Path], ours: Path | None) -> list[RecentStudy]:
        """In the task queue's thread. Studies whose folder is gone are left out."""
        studies = []
        for out in recent:
            reader = self._recent_readers.setdefault(out, StudyReader())
            try:
                if is_study(out):
                    studies.append(RecentStudy(out, state_text(reader.read(out, out == ours))))
            except FerError:
                studies.append(RecentStudy(out, "Damaged"))
        return studies

    def _on_recent(self, result: list[RecentStudy] | TaskFailure) -> None:
        if not isinstance(result, TaskFailure):
            self.start_view.show_recent(result)

    def _find_sources(self, choice: StudyChoice) -> None:
        def find() -> FoundSources:
            return self._tools.find_sources(choice, self.tasks.interruptible(lambda _: None))

        self.tasks.submit("find", find, self._on_found)

    def _on_found(self, result: FoundSources | TaskFailure) -> None:
        self.setup.show_found(result.message if isinstance(result, TaskFailure) else result)

    # --- starting and pausing -------------------------------------------------------------------

    def start(self, choice: StudyChoice) -> None:
        """Analyse what the form says."""
        if self._launch(lambda: self._tools.start(choice.arguments, choice.out), choice.out):
            self._show(choice.out)

    def resume(self) -> None:
        """Run the command of the shown study again: it continues."""
        study = self.study
        if study is None:
            return
        if self.process is not None:
            self.toast.show_message(STARTS_NO_TWO)
            return
        if self._launch(lambda: self._tools.resume(study.record, study.out), study.out):
            self._refresh()

    def _launch(self, start: Callable[[], StudyProcess], out: Path) -> bool:
        self._failures.pop(out, None)
        try:
            self.process = start()
        except OSError as error:
            self.toast.show_message(f"The study could not be started: {error.strerror}")
            return False
        return True

    def pause(self) -> None:
        """End its processes in order."""
        if self.process is not None:
            self.process.stop()
            self._refresh()

    def _poll(self) -> None:
        """Keep the output of a process that failed; one that never began shows the form again."""
        process = self.process
        code = process.poll() if process is not None else None
        if process is None or code is None:
            return
        self.process = None
        if code in IN_ORDER:
            return
        self._failures[process.out] = process.last_output()
        if self._out == process.out and not is_study(process.out):
            self._out = None
            self._stack.setCurrentWidget(self.setup)
            self.setup.show_found(process.last_output().removeprefix("Error: "))

    # --- using a study --------------------------------------------------------------------------

    def _open_file(self, name: str) -> None:
        if self._out is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._out / name)))

    def _open_source(self, name: str) -> None:
        if self.study is not None:
            source = next(source for source in self.study.sources if source.name == name)
            self._tools.open_table(str(source.table))

    def _copy_methods(self) -> None:
        if self._out is not None:
            file = self._out / "methods.md"
            self.tasks.submit("methods", lambda: file.read_text(encoding="utf-8"), self._on_methods)

    def _on_methods(self, result: str | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self.toast.show_message(result.message)
        else:
            QGuiApplication.clipboard().setText(result)
            self.toast.show_message("The methods are copied.")

    # --- closing --------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Ask whether a study started here should keep running."""
        self._poll()
        if self.process is None:
            return True
        answer = ask_about_process(
            self,
            "A study is still running",
            "A study is still running. Keep it running after closing?",
            "Nothing is lost either way: a paused study continues where it stopped.",
            keep="Keep running",
            stop="Pause it",
        )
        if answer == "stop":
            self.process.stop()
        return answer != "cancel"

    def stop(self) -> None:
        self._timer.stop()
        if self.process is not None:
            self.process.detach()
        super().stop()
