"""How many pictures each class has in each split, as bars that show them when pressed."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLabel, QSizePolicy, QWidget

from ferapp.overlays import label_text
from ferapp.runs.checks.data_check import DataCheck
from ferapp.ui.text import wording
from ferapp.ui.train.data.data_text import SPLIT_NAMES
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard

_BAR_OPACITY = 0.35
_MIN_WIDTH, _PAD = 62, 6  # px


class CountBar(QAbstractButton):
    """A count, and a bar as long as its share of `most`; a class without pictures stands out."""

    def __init__(self, count: int, most: int, tip: str) -> None:
        super().__init__()
        self.count, self._share = count, count / max(most, 1)
        self.setText(f"{count:,}" if count else "none")
        self.setToolTip(tip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setEnabled(count > 0)
        if count:
            enable_keyboard(self)
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance("00,000") + 2 * _PAD
        return QSize(max(width, _MIN_WIDTH), metrics.height() + 6)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours = theme.current()
        room = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(room, 4, 4)
            bar = QColor(colours.accent)
            bar.setAlphaF(1 if self.isDown() else _BAR_OPACITY)
            painter.setBrush(bar)
            length = self._share * room.width()
            painter.drawRoundedRect(QRectF(room.x(), room.y(), length, room.height()), 4, 4)
            edge = self._edge()
            if edge:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(edge), 1.5))
                painter.drawRoundedRect(room, 4, 4)
            font = theme.sized(self.font(), 1)
            font.setBold(not self.count)
            font.setUnderline(self.underMouse() and bool(self.count))
            painter.setFont(font)
            painter.setPen(QColor(colours.text if self.count else colours.warning))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(room.adjusted(_PAD, 0, -_PAD, 0), right, self.text())

    def _edge(self) -> str:
        """The colour of the outline, "" for none."""
        if not self.count:
            return theme.current().warning
        return theme.current().accent if self.hasFocus() else ""


class ClassCounts(QWidget):
    """A row for each class, a column for each split; `chosen` has the split and the class."""

    chosen = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.bars: dict[tuple[str, str], CountBar] = {}
        self.names: dict[str, QLabel] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.GAP)
        self._grid.setVerticalSpacing(2)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Pictures of each class")

    def show_check(self, check: DataCheck | None) -> None:
        self._clear()
        if check is not None:
            for column, (split, counts) in enumerate(check.counts.items(), 1):
                self._add_split(check, column, split, counts)
            for row, name in enumerate(check.classes, 1):
                label = self.names[name] = QLabel(label_text.class_title(name))
                is_missing = not all(counts.get(name) for counts in check.counts.values())
                label.setProperty("wrong", is_missing)
                self._grid.addWidget(label, row, 0)
        self.setVisible(check is not None)

    def _add_split(self, check: DataCheck, column: int, split: str, counts: dict[str, int]) -> None:
        head = QLabel(split)
        head.setProperty("quiet", True)
        head.setToolTip(f"{wording.count(sum(counts.values()), 'picture')} for {_USES[split]}.")
        self._grid.addWidget(head, 0, column, Qt.AlignmentFlag.AlignRight)
        self._grid.setColumnStretch(column, 1)
        most, total = max(counts.values(), default=0), sum(counts.values())
        for row, name in enumerate(check.classes, 1):
            count = counts.get(name, 0)
            bar = CountBar(count, most, _tip(split, name, count, total))
            bar.setAccessibleName(f"{label_text.class_title(name)}, {split}: {bar.text()}")
            bar.clicked.connect(lambda _=False, s=split, n=name: self.chosen.emit(s, n))
            self._grid.addWidget(bar, row, column)
            self.bars[split, name] = bar

    def _clear(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.bars.clear()
        self.names.clear()


_USES = {"train": "training", "val": "validation", "test": "a final test"}


def _tip(split: str, name: str, count: int, total: int) -> str:
    kind = f"{SPLIT_NAMES[split]} picture"
    if not count:
        return f"There are no {kind}s of {name}."
    share = f"{100 * count / total:.1f}\u00a0% of this split"
    return f"{wording.count(count, kind)} of {name}, {share}.\nPress to see them."
