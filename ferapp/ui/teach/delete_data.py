"""The dialog that deletes everything the app stores about its user, after listing it."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from ferapp.personal.stored_data import DataLocations, StoredData, delete_stored
from ferapp.runs.task_queue import TaskFailure, TaskQueue
from ferapp.ui.shell.page import DELIVER_MS
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.dialogs import ModelessDialog
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea

TITLE = "Delete all my data"
SMALL_BYTES = 50_000  # below this the size is not given


class DeleteDataDialog(ModelessDialog):
    """Lists what is stored, then asks once.

    Before the deletion, `release` is called in the GUI thread with the chosen categories: it stops
    using the files, or returns why that is not possible. `before_deleting` is then called in the
    task queue's thread.
    """

    def __init__(
        self,
        parent: QWidget,
        locations: DataLocations,
        release: Callable[[AbstractSet[str]], str],
        before_deleting: Callable[[], None],
        clear_log: Callable[[], None],
    ) -> None:
        super().__init__(parent, TITLE, QSize(680, 0))
        self._locations, self._release = locations, release
        self._before_deleting, self._clear_log = before_deleting, clear_log
        self.tasks = TaskQueue("delete data")
        self.title = QLabel("This will be deleted. You cannot undo it.")
        self.title.setFont(theme.sized(self.font(), 1.25, QFont.Weight.DemiBold))
        self.chips: dict[str, Chip] = {}
        self.descriptions: dict[str, QLabel] = {}
        self._rows: list[QWidget] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.MARGIN)
        self._grid.setVerticalSpacing(theme.GAP)
        self._grid.setColumnStretch(1, 1)
        self.note = QLabel(
            "The main window stays as it is; what you use from now on is stored again. Runs of the "
            "Train page and files that you saved in other folders are kept: delete those yourself."
        )
        self.note.setProperty("quiet", True)
        self.note.setWordWrap(True)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        content = QWidget()
        content.setObjectName("inner")
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.MARGIN)
        column.addWidget(self.title)
        column.addLayout(self._grid)
        for widget in (self.note, self.message):
            column.addWidget(widget)
        column.addStretch(1)
        self._content = content
        area = VerticalScrollArea()  # for a screen that is too low for everything
        area.setObjectName("inner")
        area.setWidget(content)
        self.column.addWidget(area, 1)
        self.delete = self.add_button("Delete", "Permanently delete what is listed.", self._delete)
        self.delete.setEnabled(False)
        self.add_buttons()
        self._timer = QTimer(self, interval=DELIVER_MS)
        self._timer.timeout.connect(self.tasks.deliver)
        self._timer.start()
        self.tasks.submit("find", locations.find, self._on_found)

    def _on_found(self, result: tuple[StoredData, ...] | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self._show_message(result.message, is_error=True)
            return
        for data in (data for data in result if data.always):
            self._add_row(QLabel(data.title), data)
        heading = QLabel("Choose what else to delete:")
        heading.setContentsMargins(0, theme.GAP, 0, 0)
        self._grid.addWidget(heading, self._grid.rowCount(), 0, 1, 2)
        heading.show()
        self._rows.append(heading)
        for data in (data for data in result if not data.always):
            chip = self.chips[data.key] = Chip(data.title, f"Also delete: {data.title}.")
            chip.setEnabled(data.files > 0)
            self._add_row(chip, data)
        self.delete.setEnabled(True)
        self.buttons.buttons()[-1].setFocus()  # Close, so that a stray Enter deletes nothing
        self._fit()

    def _add_row(self, title: QWidget, data: StoredData) -> None:
        """What it is, how much, and where."""
        amount = "None"
        if data.files:
            size = wording.size(data.bytes) if data.bytes >= SMALL_BYTES else "small"
            amount = f"{wording.count(data.files, 'file')}, {size}"
        text = QLabel(f"{amount}. {data.description}")
        text.setWordWrap(True)
        text.setProperty("quiet", not data.files)
        if isinstance(title, QLabel):
            title.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
        else:
            text.setContentsMargins(0, 3, 0, 0)
        row = self._grid.rowCount()
        self._grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(text, row, 1, Qt.AlignmentFlag.AlignTop)
        for widget in (title, text):
            widget.show()  # else the window's height is computed without them
        self.descriptions[data.key] = text
        self._rows += [title, text]

    def _delete(self) -> None:
        chosen = {key for key, chip in self.chips.items() if chip.isChecked()}
        if problem := self._release(chosen):
            self._show_message(problem, is_error=True)
            return
        self.delete.setEnabled(False)
        for chip in self.chips.values():
            chip.setEnabled(False)
        self._show_message("Deleting…")

        def delete() -> tuple[int, tuple[str, ...]]:
            self._before_deleting()
            self._clear_log()
            stored = [  # found again, because there may be more by now
                data
                for data in self._locations.find()
                if (data.always or data.key in chosen) and data.key != "log"
            ]
            remaining = delete_stored(stored)
            return sum(data.files for data in stored), tuple(map(str, remaining))

        self.tasks.submit("delete", delete, self._on_deleted)

    def _on_deleted(self, result: tuple[int, tuple[str, ...]] | TaskFailure) -> None:
        if isinstance(result, TaskFailure):
            self._show_message(result.message, is_error=True)
            return
        count, remaining = result
        if remaining:
            paths = "\n".join(remaining)
            self._show_message(
                f"These could not be deleted:\n{paths}\nClose the programs that use them and try "
                "again, or delete them yourself.",
                is_error=True,
            )
            return
        self.title.setText("Deleted")
        for widget in (*self._rows, self.note, self.delete):
            widget.hide()
        self._show_message(f"{wording.count(count, 'file')} deleted. Nothing is left of them.")

    def _show_message(self, message: str, *, is_error: bool = False) -> None:
        self.message.setText(message)
        self.message.setProperty("wrong", is_error)
        self.message.style().polish(self.message)
        self.message.show()
        self._fit()

    def _fit(self) -> None:
        margins, layout = self.column.contentsMargins(), self._content.layout()
        assert layout is not None
        width = self.width() - margins.left() - margins.right()
        below = self.column.spacing() + self.buttons.sizeHint().height()
        height = layout.totalHeightForWidth(width) + below
        self.resize(self.width(), height + margins.top() + margins.bottom())
        self.keep_on_screen()

    def done(self, result: int) -> None:
        """A deletion that has begun is completed before the dialog closes."""
        self._timer.stop()
        self.tasks.close()
        super().done(result)
