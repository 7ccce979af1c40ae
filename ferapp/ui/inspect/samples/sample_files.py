"""Tags of samples, and their export as class folders, which goes on behind the window."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ferapp.review.folder_export import export_class_folders
from ferapp.review.opening import OpenedEvaluation
from ferapp.review.sample_tags import TAGS_FILE, SampleTags
from ferapp.review.selection import Tags
from ferapp.runs.task_queue import TaskCancelled, TaskFailure, TaskQueue
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.text import wording
from ferapp.ui.widgets.file_dialogs import open_folder
from trainer.errors import FerError


class SampleFiles(QObject):
    """Of the evaluation that is open. `progressed` has a sentence, "" at the end of an export."""

    tags_changed = Signal()
    progressed = Signal(str)
    message = Signal(str)  # for the user

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self._opened: OpenedEvaluation | None = None
        self._tags: SampleTags | None = None  # None where they cannot be read
        self._exports = 0  # counts them, so that only the latest one goes on
        self._progress = ""  # written by the thread
        self.tasks = TaskQueue("sample files")  # its own: pictures may take minutes
        self._timer = QTimer(self, interval=DELIVER_MS)
        self._timer.timeout.connect(self._tick)
        self._timer.start()

    def open(self, opened: OpenedEvaluation) -> None:
        """The tags lie beside the review, and so belong to all splits."""
        self.cancel()
        self._opened, self._tags = opened, None
        try:
            self._tags = SampleTags(opened.review.with_name(TAGS_FILE))
        except FerError as error:
            self.message.emit(str(error))
        self.tags_changed.emit()

    @property
    def tags(self) -> Tags:
        """Sample ids by tag."""
        return self._tags.samples if self._tags is not None else {}

    @property
    def is_exporting(self) -> bool:
        return bool(self._progress)

    def tag(self, rows: NDArray[np.int64], word: str) -> None:
        """Tag all of them, or take the tag off where all have it."""
        if self._tags is None or self._opened is None or not len(rows):
            return
        ids = self._opened.evaluation.sample_id[rows].tolist()
        try:
            is_on = self._tags.toggle(word, ids)
        except FerError as error:
            self.message.emit(str(error))
            return
        faces = wording.count(len(ids), "face")
        self.message.emit(f"{faces} tagged {word}" if is_on else f"{word} taken off {faces}")
        self.tags_changed.emit()

    def ask_where_to_export(self, rows: NDArray[np.int64]) -> None:
        folder = open_folder(self._parent, "export", "Export into an empty folder")
        if folder:
            self.export(rows, Path(folder))

    def export(self, rows: NDArray[np.int64], folder: Path) -> None:
        """These pictures, as folders of the labels that they have in the data set."""
        opened = self._opened
        if opened is None:
            return
        evaluation = opened.evaluation
        labels = [
            evaluation.classes[label] if label >= 0 else ""
            for label in evaluation.label[rows].tolist()
        ]
        ids = evaluation.sample_id[rows].tolist()
        samples = list(zip(rows.tolist(), ids, labels, strict=True))
        self.cancel()
        number, self._progress = self._exports, "Waiting…"

        def report(message: str) -> None:
            if number != self._exports:
                raise TaskCancelled
            self._progress = message

        interruptible = self.tasks.interruptible(report)
        self.tasks.submit(
            "export",
            lambda: export_class_folders(folder, samples, opened.read_picture, interruptible),
            lambda result: self._on_exported(result, folder),
        )

    def cancel(self) -> None:
        """End an export; what it has written stays."""
        self._exports += 1
        self.tasks.cancel("export")
        self._progress = ""
        self.progressed.emit("")

    def _on_exported(self, result: int | TaskFailure, folder: Path) -> None:
        self._progress = ""
        self.progressed.emit("")
        self.message.emit(
            result.message
            if isinstance(result, TaskFailure)
            else f"{wording.count(result, 'picture')} saved in {folder}"
        )

    def _tick(self) -> None:
        self.tasks.deliver()
        if self._progress:
            self.progressed.emit(self._progress)

    def stop(self) -> None:
        self._exports += 1
        self._timer.stop()
        self.tasks.close()
