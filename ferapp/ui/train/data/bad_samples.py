"""The samples of a data set that could not be read, and what of each can be shown."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QVBoxLayout, QWidget

from ferapp.overlays.overlay_painter import grey_image
from ferapp.runs.checks.bad_sample import BadSample
from ferapp.runs.task_queue import TaskFailure
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.dialogs import ModelessDialog

_SIZE, _SIDE = QSize(820, 420), 240  # px
Read = Callable[[str, Callable[[BadSample | TaskFailure], None]], None]


class BadSamplesDialog(ModelessDialog):
    """The `reasons` in a list; `read` reads one of them elsewhere, and calls back with it."""

    def __init__(self, parent: QWidget, reasons: Sequence[str], read: Read) -> None:
        count = wording.count(len(reasons), "sample")
        super().__init__(parent, f"{count} could not be read", _SIZE)
        self._read = read
        self._sample: BadSample | None = None
        self.list = QListWidget()
        self.list.setAccessibleName("Samples that could not be read")
        self.list.setUniformItemSizes(True)
        self.list.addItems(list(reasons))
        self.reason, self.content = _text("Why it could not be read"), _text("What it holds")
        self.content.setProperty("quiet", True)
        self.picture = QLabel()
        self.picture.setAccessibleName("As much of the picture as can be decoded")
        side = QVBoxLayout()
        for widget in (self.picture, self.reason, self.content):
            side.addWidget(widget)
        side.addStretch(1)
        halves = QHBoxLayout()
        halves.setSpacing(theme.MARGIN)
        halves.addWidget(self.list, 1)
        halves.addLayout(side, 1)
        self.column.addLayout(halves, 1)
        self.open_folder = self.add_button(
            "Open folder", "Open the folder of this file, to mend or remove it.", self._open_folder
        )
        self.add_buttons()
        self.list.currentRowChanged.connect(self._show_row)
        self.list.setCurrentRow(0)
        self.list.setFocus()

    def _show_row(self, row: int) -> None:
        reason = self.list.item(row).text()
        self.reason.setText(reason)
        self.content.setText("Reading…")
        self.picture.clear()
        self._show_sample(None)
        self._read(reason, lambda result: self._on_read(reason, result))

    def _on_read(self, reason: str, result: BadSample | TaskFailure) -> None:
        if reason != self.reason.text():
            return
        if isinstance(result, TaskFailure):
            self.content.setText(f"Nothing of it can be shown: {result.message}")
            return
        self._show_sample(result)
        self.content.setText(result.content)
        if result.picture is not None:
            pixmap = QPixmap.fromImage(grey_image(result.picture))
            keep, smooth = (
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            self.picture.setPixmap(pixmap.scaled(_SIDE, _SIDE, keep, smooth))

    def _show_sample(self, sample: BadSample | None) -> None:
        self._sample = sample
        self.open_folder.setEnabled(sample is not None)

    def _open_folder(self) -> None:
        if self._sample is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._sample.file.parent)))


def _text(name: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setAccessibleName(name)
    return label
