"""Deleting all that the app keeps about its user: what goes is listed first, then exactly that."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ferapp.live.kept import Kept, Places, delete
from ferapp.runs.desk import Desk, Failure
from ferapp.ui import theme, wording
from ferapp.ui.chips import Chip
from ferapp.ui.dialogs import Sheet
from ferapp.ui.page import COLLECT_MS

TITLE = "Delete all my data"


class ForgetSheet(Sheet):
    """Asks once, after it has told what there is.

    `prepare` is called before anything is deleted, in the window's thread: it lets go of what is
    in use, or says why that cannot be. `first` is called in the desk's thread, before the deletion.
    """

    def __init__(
        self,
        parent: QWidget,
        places: Places,
        prepare: Callable[[], str],
        first: Callable[[], None],
        forget_log: Callable[[], None],
    ) -> None:
        super().__init__(parent, TITLE, QSize(680, 0))
        self._places, self._prepare, self._first = places, prepare, first
        self._forget_log = forget_log
        self._kept: tuple[Kept, ...] = ()
        self.desk = Desk("forget")
        self.title = QLabel("This is deleted, and cannot be brought back")
        self.title.setFont(theme.sized(self.font(), 1.25, QFont.Weight.DemiBold))
        self.chips: dict[str, Chip] = {}
        self.words: dict[str, QLabel] = {}
        self._table = QWidget()
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.MARGIN)
        self._grid.setVerticalSpacing(theme.GAP)
        self._grid.setColumnStretch(1, 1)
        self.more = QLabel(
            "Deleted as well are those of the lower ones that you press. The window goes on as it "
            "looks now; what you use from now on is remembered anew. Runs of the Train page and "
            "files that you saved elsewhere are left alone: delete those folders yourself."
        )
        self.more.setProperty("quiet", True)
        self.more.setWordWrap(True)
        self.result = QLabel()
        self.result.setWordWrap(True)
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.result.hide()
        for widget in (self.title, self._table, self.more, self.result):
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
        self._kept = outcome
        for row, kept in enumerate(outcome):
            chip = Chip(kept.title, "Always deleted here." if kept.always else "Delete these too.")
            chip.setChecked(kept.always)
            chip.setEnabled(not kept.always and kept.files > 0)
            amount = f"{kept.files} files, {wording.size(kept.bytes)}" if kept.files else "none"
            text = QLabel(f"{amount}. {kept.words}")
            text.setWordWrap(True)
            text.setProperty("quiet", not kept.files)
            text.setContentsMargins(0, 3, 0, 0)
            self.chips[kept.key], self.words[kept.key] = chip, text
            self._grid.addWidget(chip, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, row, 1)
        self.delete.setEnabled(True)
        self._fit()

    def _delete(self) -> None:
        chosen = [kept for kept in self._kept if kept.always or self.chips[kept.key].isChecked()]
        if refused := self._prepare():
            self._show_result(refused, wrong=True)
            return
        self.delete.setEnabled(False)
        self._table.setEnabled(False)
        self._show_result("Deleting …")

        def work() -> tuple[int, tuple[str, ...]]:
            self._first()
            self._forget_log()
            left = delete(kept for kept in chosen if kept.key != "log")
            return sum(kept.files for kept in chosen), tuple(map(str, left))

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
        self._table.hide()
        self.more.hide()
        self.delete.hide()
        self._show_result(f"All of it is gone: {count} files. It was looked for, and not found.")

    def _show_result(self, words: str, *, wrong: bool = False) -> None:
        self.result.setText(words)
        self.result.setProperty("wrong", wrong)
        self.result.style().polish(self.result)
        self.result.show()
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
