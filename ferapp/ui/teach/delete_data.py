"""Deleting all that the app keeps about its user: what goes is listed first, then exactly that."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ferapp.personal.stored_data import Kept, Places, delete
from ferapp.runs.task_queue import Desk, Failure
from ferapp.ui.shell.page import COLLECT_MS
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.dialogs import Sheet

TITLE = "Delete all my data"


class ForgetSheet(Sheet):
    """Asks once, after it has told what there is.

    `prepare` is called before anything is deleted, in the window's thread, with the kinds that were
    pressed: it lets go of what is in use, or says why that cannot be. `first` is called in the
    desk's thread, before the deletion.
    """

    def __init__(
        self,
        parent: QWidget,
        places: Places,
        prepare: Callable[[AbstractSet[str]], str],
        first: Callable[[], None],
        forget_log: Callable[[], None],
    ) -> None:
        super().__init__(parent, TITLE, QSize(680, 0))
        self._places, self._prepare, self._first = places, prepare, first
        self._forget_log = forget_log
        self.desk = Desk("forget")
        self.title = QLabel("This is deleted, and cannot be brought back")
        self.title.setFont(theme.sized(self.font(), 1.25, QFont.Weight.DemiBold))
        self.chips: dict[str, Chip] = {}
        self.words: dict[str, QLabel] = {}
        self._rows: list[QWidget] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(theme.MARGIN)
        self._grid.setVerticalSpacing(theme.GAP)
        self._grid.setColumnStretch(1, 1)
        self.more = QLabel(
            "The window goes on as it looks now; what you use from now on is remembered anew. "
            "Runs of the Train page and what you saved in other folders are left alone: delete "
            "those yourself."
        )
        self.more.setProperty("quiet", True)
        self.more.setWordWrap(True)
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.outcome.hide()
        self.column.addWidget(self.title)
        self.column.addLayout(self._grid)
        for widget in (self.more, self.outcome):
            self.column.addWidget(widget)
        self.delete = self.button("Delete", "Delete what is listed, for good.", self._delete)
        self.delete.setEnabled(False)
        self.finish()
        self._timer = QTimer(self, interval=COLLECT_MS)
        self._timer.timeout.connect(self.desk.collect)
        self._timer.start()
        self.desk.ask("kept", places.find, self._take_kept)

    def _take_kept(self, outcome: tuple[Kept, ...] | Failure) -> None:
        if isinstance(outcome, Failure):
            self._show_result(outcome.words, wrong=True)
            return
        for kept in (each for each in outcome if each.always):
            self._add(QLabel(kept.title), kept)
        also = QLabel("Delete these as well? Press what shall go.")
        also.setContentsMargins(0, theme.GAP, 0, 0)
        self._grid.addWidget(also, self._grid.rowCount(), 0, 1, 2)
        also.show()
        self._rows.append(also)
        for kept in (each for each in outcome if not each.always):
            chip = self.chips[kept.key] = Chip(kept.title, "Delete these too.")
            chip.setEnabled(kept.files > 0)
            self._add(chip, kept)
        self.delete.setEnabled(True)
        self.buttons.buttons()[-1].setFocus()  # Close: nobody deletes by a stray Enter
        self._fit()

    def _add(self, title: QWidget, kept: Kept) -> None:
        """A row: what it is, how much, and where."""
        size = wording.size(kept.bytes) if kept.bytes >= 50_000 else "small"
        amount = f"{wording.count(kept.files, 'file')}, {size}" if kept.files else "None"
        text = QLabel(f"{amount}. {kept.words}")
        text.setWordWrap(True)
        text.setProperty("quiet", not kept.files)
        if isinstance(title, QLabel):
            title.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
        else:
            text.setContentsMargins(0, 3, 0, 0)
        row = self._grid.rowCount()
        self._grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(text, row, 1, Qt.AlignmentFlag.AlignTop)
        for widget in (title, text):
            widget.show()  # else the window's height is reckoned without them
        self.words[kept.key] = text
        self._rows += [title, text]

    def _delete(self) -> None:
        pressed = {key for key, chip in self.chips.items() if chip.isChecked()}
        if refused := self._prepare(pressed):
            self._show_result(refused, wrong=True)
            return
        self.delete.setEnabled(False)
        for chip in self.chips.values():
            chip.setEnabled(False)
        self._show_result("Deleting …")

        def work() -> tuple[int, tuple[str, ...]]:
            self._first()
            self._forget_log()
            chosen = [  # looked for anew: there may be more by now
                kept
                for kept in self._places.find()
                if (kept.always or kept.key in pressed) and kept.key != "log"
            ]
            return sum(kept.files for kept in chosen), tuple(map(str, delete(chosen)))

        self.desk.ask("delete", work, self._take_result)

    def _take_result(self, outcome: tuple[int, tuple[str, ...]] | Failure) -> None:
        if isinstance(outcome, Failure):
            self._show_result(outcome.words, wrong=True)
            return
        count, left = outcome
        if left:
            words = "\n".join(left)
            self._show_result(
                f"These are still there:\n{words}\nClose the programs that use them and try "
                "again, or delete them yourself.",
                wrong=True,
            )
            return
        self.title.setText("Deleted")
        for widget in (*self._rows, self.more, self.delete):
            widget.hide()
        self._show_result(f"All of it is gone: {count} files. It was looked for, and not found.")

    def _show_result(self, words: str, *, wrong: bool = False) -> None:
        self.outcome.setText(words)
        self.outcome.setProperty("wrong", wrong)
        self.outcome.style().polish(self.outcome)
        self.outcome.show()
        self._fit()

    def _fit(self) -> None:
        width = self.width()
        self.column.activate()
        self.resize(width, self.column.totalHeightForWidth(width))

    def done(self, result: int) -> None:
        """What was begun is completed first."""
        self._timer.stop()
        self.desk.close()
        super().done(result)
