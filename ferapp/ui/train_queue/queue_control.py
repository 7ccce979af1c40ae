"""Works off the queue on the Train page, and starts what the form's ways to start ask for."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ferapp.runs.run_queue import (
    AUTO,
    QueueEntry,
    QueueLock,
    RunQueue,
    forget_start,
    read_queue,
    recovered,
    start_entry,
    write_queue,
)
from ferapp.runs.run_reader import RunSnapshot
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.runs.training_process import TrainingProcess
from ferapp.ui.text import wording
from ferapp.ui.train.run_form import RunForm
from ferapp.ui.train_queue.queue_strip import TAKEN, QueueStrip
from ferapp.ui.train_queue.several_runs_dialog import SeveralRunsDialog
from ferapp.ui.train_queue.start_menu import SEEDS, StartMenu
from ferapp.ui.train_queue.start_question import ask_to_queue, has_few_cores
from trainer.config.train_config import TrainConfig
from trainer.errors import FerError
from trainer.reports.run_list.run_names import run_title
from trainer.reports.run_list.run_process import is_from_this_machine


class QueueControl(QObject):
    """Owns the queue. All reading and writing is in `tasks`.

    `start_now` has the arguments after `fertrain`, `launched` the process of an entry, `ended` a
    title and a sentence about a run that has ended.
    """

    start_now = Signal(list)
    launched = Signal(object)
    message = Signal(str)
    ended = Signal(str, str)

    def __init__(self, runs: Path, tasks: TaskQueue, form: RunForm, parent: QWidget) -> None:
        super().__init__(parent)
        self._runs, self._tasks, self._form, self._parent = runs, tasks, form, parent
        self.queue = RunQueue()
        self._saved = RunQueue()
        self._lock = QueueLock(runs)
        self._is_ready = False  # the file has been read, and this window works it off
        self.is_ours = True  # no other window does
        self._launching: QueueEntry | None = None
        self._undelivered: list[TrainingProcess] = []  # filled by the thread of the tasks
        self._own: set[str] = set()  # tokens of processes that this queue started
        self._active: tuple[Path, ...] = ()
        self._busy: list[str] = []  # devices on which runs train
        self.strip = QueueStrip()
        self.menu = StartMenu()
        form.start_row.addWidget(self.menu.button)
        self._connect()
        self._read_again(RunQueue())

    def _connect(self) -> None:
        form, strip, menu = self._form, self.strip, self.menu
        strip.reordered.connect(lambda keys: self._change(self.queue.ordered(keys)))
        strip.removed.connect(lambda key: self._change(self.queue.removed([key])))
        strip.paused.connect(lambda on: self._change(replace(self.queue, is_paused=on)))
        form.start_requested.connect(self._on_start)
        form.validated.connect(self._enable_menu)
        menu.queue.triggered.connect(self._add_form)
        menu.now.triggered.connect(lambda: self.start_now.emit(form.arguments))
        menu.seeds.triggered.connect(lambda: self._ask_for_several(SEEDS, with_grid=False))
        menu.grid.triggered.connect(lambda: self._ask_for_several(1, with_grid=True))

    def _enable_menu(self) -> None:
        can_start = self._form.is_valid and self._form.start.isEnabled()
        self.menu.set_enabled(self._form.is_valid, can_start, self.is_ours)

    # --- the queue ------------------------------------------------------------------------------

    @property
    def is_watching(self) -> bool:
        """Whether the runs' files must be read although the page is hidden."""
        return bool(self.queue.waiting or self.queue.preparing or self._active)

    def add(self, entries: Sequence[QueueEntry]) -> None:
        if not self.is_ours:
            self.message.emit(TAKEN)
            return
        self._change(self.queue.added(entries))
        count = len(entries)
        text = "Added to the queue." if count == 1 else f"{count} runs added to the queue."
        self.message.emit(text)

    def advance(self, runs: Sequence[RunSnapshot], trainings: Iterable[TrainingProcess]) -> None:
        """Take the runs as their files are now, and start the next entry where it can."""
        active = [run for run in runs if run.is_active and is_from_this_machine(run.start_event)]
        paths = tuple(run.path for run in active)
        self._report_ends(run for run in runs if run.path in self._active and not run.is_active)
        self._active = paths
        unread = [training for training in trainings if training.run not in paths]
        self._busy = [*map(_device, active), *[AUTO] * len(unread)]
        if self._launching is not None:
            return
        if not (self._is_ready and self._lock.is_held):  # another window may work it off
            self._read_again(self.queue)
            return
        if any(each.entry.key not in self._own for each in self.queue.preparing):
            self._read_again(self.queue)  # started by an app that was killed meanwhile
            return
        entry = self.queue.startable(self._busy)
        if entry is not None:
            self._start(entry)

    def owns(self, training: TrainingProcess) -> bool:
        """Whether this queue started it."""
        return training.token in self._own

    def settle(self, training: TrainingProcess, code: int | None) -> None:
        """Take a training that was polled, and may have made its run or ended."""
        if not self.owns(training) or (training.run is None and code is None):
            return
        waiting = [each.entry for each in self.queue.preparing if each.entry.key == training.token]
        if not waiting:
            return
        token = training.token
        self._change(self.queue.settled(token))
        self._tasks.submit("queue-forget", lambda: forget_start(self._runs, token), _ignore)
        if training.run is None and not training.was_killed_early:
            lines = training.last_output().splitlines() or ["it gave no reason"]
            self.ended.emit(f"{waiting[0].name}: could not begin", lines[0])
            self.message.emit(f"{waiting[0].name} could not begin: {lines[0]}")

    def close(self) -> None:
        """Save what has changed; the tasks have ended."""
        for process in self._undelivered:
            if self._launching is not None:
                self.queue = self.queue.started(self._launching, process.pid)
            process.detach()
        if self.queue != self._saved and self._is_ready:
            write_queue(self._runs, self.queue)
        self._lock.release()

    def _read_again(self, queue: RunQueue) -> None:
        """Read the file, unless this window works off `queue`; see which processes are left."""
        is_ready = self._is_ready

        def read() -> tuple[RunQueue, bool]:
            is_ours = self._lock.acquire()
            if not is_ours:
                return read_queue(self._runs), False
            return recovered(self._runs, queue if is_ready else read_queue(self._runs)), True

        self._tasks.submit("queue-read", read, self._on_read)

    def _on_read(self, result: tuple[RunQueue, bool] | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self.message.emit(result.message)
            return
        (queue, is_ours), was_ours = result, self.is_ours
        self.is_ours = is_ours
        if was_ours != is_ours:
            self._enable_menu()
        if not is_ours:
            self._is_ready = False
            self.queue = self._saved = replace(queue, problem="")
            self.strip.show_queue(self.queue, is_ours=False)
        elif self._is_ready:
            started = {each.entry.key for each in self.queue.preparing}
            again = [entry for entry in queue.waiting if entry.key in started]
            waiting = (*again, *self.queue.waiting)  # which may be changed since the reading began
            self._change(replace(self.queue, waiting=waiting, preparing=queue.preparing))
        else:
            self._is_ready = True
            if queue.problem:
                self.message.emit(queue.problem)
            self._saved = replace(queue, problem="")
            new = self.queue.waiting if was_ours else ()  # added before the file was read
            self._change(self._saved.added(new))

    def _change(self, queue: RunQueue) -> None:
        self.queue = queue
        self.strip.show_queue(queue)
        if self._is_ready and queue != self._saved:
            self._tasks.submit("queue-save", self._writing(queue), self._on_saved(queue))

    def _writing(self, queue: RunQueue) -> Callable[[], None]:
        def write() -> None:
            try:
                self._take_lock()
                write_queue(self._runs, queue)
            except OSError as error:
                raise FerError(f"The queue cannot be saved ({error.strerror})") from error

        return write

    def _take_lock(self) -> None:
        """Before anything is written, by the thread. Raises OSError, or FerError if it is taken."""
        self._runs.mkdir(parents=True, exist_ok=True)
        if not self._lock.acquire():
            raise FerError(TAKEN)

    def _on_saved(self, queue: RunQueue) -> Callable[[TaskFailure | None], None]:
        def saved(result: TaskFailure | None) -> None:
            if isinstance(result, TaskFailure):
                self.message.emit(result.message)
            else:
                self._saved = queue

        return saved

    def _start(self, entry: QueueEntry) -> None:
        self._launching = entry
        self._own.add(entry.key)
        self._change(self.queue.started(entry))
        runs, queue = self._runs, self.queue

        def start() -> TrainingProcess:
            try:
                self._take_lock()
                write_queue(runs, queue)  # first: a kill must neither lose nor repeat it
                process = start_entry(runs, entry)
                self._undelivered.append(process)
                write_queue(runs, queue.started(entry, process.pid))
            except OSError as error:
                raise FerError(f"{entry.name} could not be started: {error.strerror}") from error
            return process

        self._tasks.submit("queue-start", start, self._on_started)

    def _on_started(self, result: TrainingProcess | TaskFailure) -> None:
        entry, self._launching = self._launching, None
        assert entry is not None
        if isinstance(result, TaskFailure):  # the next would fail alike, and the one after it
            queue = self.queue.settled(entry.key)
            self._change(replace(queue, waiting=(entry, *queue.waiting), is_paused=True))
            self.message.emit(f"{result.message}. The queue is paused.")
            return
        self._undelivered.clear()
        self._change(self.queue.started(entry, result.pid))
        self.launched.emit(result)

    # --- ways to start --------------------------------------------------------------------------

    def _on_start(self, arguments: list[str]) -> None:
        can_ask = self.is_ours and bool(self._busy) and has_few_cores()
        answer = ask_to_queue(self._parent) if can_ask else "now"
        if answer == "queue":
            self._add_form()
        elif answer == "now":
            self.start_now.emit(arguments)

    def _add_form(self) -> None:
        if self._form.config is not None:
            self.add([self._entry("", self._form.config)])

    def _ask_for_several(self, seeds: int, *, with_grid: bool) -> None:
        if self._form.config is None:
            return
        dialog = SeveralRunsDialog(self._parent, self._form.config, seeds, with_grid)
        dialog.accepted.connect(
            lambda: self.add([self._entry(ending, config) for ending, config in dialog.runs])
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _entry(self, ending: str, config: TrainConfig) -> QueueEntry:
        name = "-".join(filter(None, (self._form.name, ending)))
        return QueueEntry.of(name, self._form.data_path, config)

    # --- ends -----------------------------------------------------------------------------------

    def _report_ends(self, runs: Iterable[RunSnapshot]) -> None:
        for run in runs:
            result = ""
            if not math.isnan(run.accuracy):
                result = f"{100 * run.accuracy:.1f} % correct (validation). "
            count = len(self.queue.waiting)
            if count:
                result += f"{wording.count(count, 'run')} in the queue."
            self.ended.emit(f"{run_title(run.name)}: {run.state}", result.strip())


def _device(run: RunSnapshot) -> str:
    configured = AUTO if run.config is None else run.config.run.device
    return str(run.start_event.get("device") or configured)


def _ignore(_: object) -> None: ...
