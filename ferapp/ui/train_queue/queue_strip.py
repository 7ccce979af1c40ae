"""The strip over the list of runs: what waits in the queue, in its order, and how to change it."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.run_queue import QueueEntry, RunQueue
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button

_ROWS = 5  # shown at once, at most
_KEY = Qt.ItemDataRole.UserRole
PAUSE_TIP = "Start no further run from the queue. The one that trains goes on."
TAKEN = "Another window of the app works off this queue. Change it there."
CONTINUE_TIP = "Start the next run of the queue as soon as its device is free."


class _WaitingList(QListWidget):
    """Drag to reorder, or Alt+Up and Alt+Down; Delete removes."""

    moved = Signal(int)  # the selected row, up (-1) or down (1)
    removed = Signal()
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Queued runs")
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSpacing(1)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.model().rowsMoved.connect(lambda *_: self.dropped.emit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps: dict[int, int] = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        has_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if event.key() == Qt.Key.Key_Delete:
            self.removed.emit()
        elif has_alt and event.key() in steps:
            self.moved.emit(steps[event.key()])
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        row = max(self.sizeHintForRow(0), self.fontMetrics().height() + 4) + 2
        return QSize(super().sizeHint().width(), min(max(self.count(), 1), _ROWS) * row + 4)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


class QueueStrip(QWidget):
    """Hidden while nothing waits. The signals ask for a change; `show_queue` shows the result."""

    reordered = Signal(list)  # the keys of the waiting entries
    removed = Signal(str)
    paused = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[str] = []
        self._is_paused = False
        self._is_ours = True
        self.title = QLabel("Queue")
        self.title.setFont(theme.sized(self.font(), 1.0, QFont.Weight.DemiBold))
        self.taken = QLabel(TAKEN)
        self.taken.setWordWrap(True)
        self.taken.setProperty("quiet", True)
        self.list = _WaitingList()
        self.up = push_button("↑", "Start this run earlier (Alt+Up).")
        self.down = push_button("↓", "Start this run later (Alt+Down).")
        self.remove = push_button("Remove", "Take this run out of the queue (Delete).")
        self.pause = push_button("Pause", PAUSE_TIP)
        self.up.setAccessibleName("Earlier")
        self.down.setAccessibleName("Later")
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.pause)
        for button in (self.up, self.down):
            button.setFixedWidth(3 * button.fontMetrics().height())
            foot.addWidget(button)
        foot.addWidget(self.remove)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 8)
        column.setSpacing(5)
        column.addLayout(head)
        column.addWidget(self.taken)
        column.addWidget(self.list)
        column.addLayout(foot)
        self.up.clicked.connect(lambda: self._move(-1))
        self.down.clicked.connect(lambda: self._move(1))
        self.remove.clicked.connect(self._remove)
        self.pause.clicked.connect(lambda: self.paused.emit(not self._is_paused))
        self.list.moved.connect(self._move)
        self.list.removed.connect(self._remove)
        self.list.dropped.connect(lambda: self.reordered.emit(self._listed_keys()))
        self.list.currentRowChanged.connect(lambda _: self._enable_buttons())
        self.hide()

    def show_queue(self, queue: RunQueue, *, is_ours: bool = True) -> None:
        """The selection stays with its entry. Another window's queue is shown only."""
        self._is_ours = is_ours
        self.taken.setVisible(not is_ours)
        self.list.setEnabled(is_ours)
        self.pause.setEnabled(is_ours)
        self._is_paused = queue.is_paused
        state = "paused" if queue.is_paused else "waiting"
        self.title.setText(f"Queue · {len(queue.waiting)} {state}")
        self.pause.setText("Continue" if queue.is_paused else "Pause")
        self.pause.setToolTip(CONTINUE_TIP if queue.is_paused else PAUSE_TIP)
        keys = [entry.key for entry in queue.waiting]
        if keys != self._keys:
            self._fill(queue.waiting, keys)
        self.setVisible(bool(keys))
        self._enable_buttons()

    def changeEvent(self, event: QEvent) -> None:
        """Another text size needs rows of another height."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.list.updateGeometry()

    def _fill(self, entries: Sequence[QueueEntry], keys: list[str]) -> None:
        row = self.list.currentRow()
        selected = self._keys[row] if 0 <= row < len(self._keys) else ""
        self._keys = keys
        self.list.clear()
        for entry in entries:
            item = QListWidgetItem(entry.name)
            item.setToolTip(_tip(entry))
            item.setData(_KEY, entry.key)
            self.list.addItem(item)
        if keys:
            row = keys.index(selected) if selected in keys else min(max(row, 0), len(keys) - 1)
            self.list.setCurrentRow(row)
        self.list.updateGeometry()

    def _listed_keys(self) -> list[str]:
        self._keys = [str(self.list.item(row).data(_KEY)) for row in range(self.list.count())]
        return self._keys

    def _move(self, step: int) -> None:
        row, keys = self.list.currentRow(), list(self._keys)
        if 0 <= row < len(keys) and 0 <= row + step < len(keys):
            keys.insert(row + step, keys.pop(row))
            self.reordered.emit(keys)

    def _remove(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._keys):
            self.removed.emit(self._keys[row])

    def _enable_buttons(self) -> None:
        row, count = self.list.currentRow(), self.list.count()
        self.up.setEnabled(self._is_ours and row > 0)
        self.down.setEnabled(self._is_ours and 0 <= row < count - 1)
        self.remove.setEnabled(self._is_ours and row >= 0)


def _tip(entry: QueueEntry) -> str:
    optim = entry.config.optim
    return (
        f"{entry.name}\n{entry.data}\n{wording.count(optim.epochs, 'epoch')}, "
        f"learning rate {optim.learning_rate:g}, batch size {optim.batch_size}, "
        f"seed {entry.config.run.seed}, device {entry.config.run.device}\n"
        "Drag it, or press Alt+Up and Alt+Down, to change the order."
    )
