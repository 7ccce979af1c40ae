"""Notices on the picture: an icon, what happened, what to try, and buttons."""

from PySide6.QtCore import QMargins, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFont,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ferapp.live.status import LiveStatus
from ferapp.overlays import palette
from ferapp.sources.faults import Fault, FaultKind
from ferapp.ui.live.fault_icons import FaultIcon
from ferapp.ui.text import source_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.text_size import scaled

MAX_WIDTH = 520  # px
NOTES = frozenset({FaultKind.RESIZED, FaultKind.SKIPPED})  # they need no action


class CloseButton(QAbstractButton):
    """A drawn ×."""

    def __init__(self) -> None:
        super().__init__()
        self.setToolTip("Hide this notice.")
        self.setAccessibleName("Hide")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        enable_keyboard(self)

    def sizeHint(self) -> QSize:
        side = self.fontMetrics().height() + 4
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            if self.hasFocus():
                painter.setPen(palette.to_qcolor(theme.DARK.accent))
                painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
            bright = self.underMouse() or self.hasFocus()
            painter.setPen(
                QPen(palette.to_qcolor(palette.VIDEO_TEXT if bright else palette.VIDEO_MUTED), 2)
            )
            room = self.rect().adjusted(6, 6, -6, -6)
            painter.drawLine(room.topLeft(), room.bottomRight())
            painter.drawLine(room.topRight(), room.bottomLeft())


class Notice(QFrame):
    """Text on the picture, as wide as it needs to be; hidden while empty and once closed."""

    changed = Signal()  # shown, hidden or resized

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self._name = name
        self.setObjectName("notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.icon = FaultIcon()
        self.title = self._make_label()
        self.body = self._make_label()
        self.body.setProperty("quiet", True)
        self.close_button = CloseButton()
        self.close_button.clicked.connect(self._close)
        top = QHBoxLayout()
        top.setSpacing(theme.GAP + 2)
        top.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.title, 1)
        top.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(QMargins(12, 10, 8, 10))
        self._column.setSpacing(6)
        self._column.addLayout(top)
        self._column.addWidget(self.body)
        self._shown: tuple[str, str] = ("", "")
        self.hide()

    def _make_label(self) -> QLabel:
        label = QLabel()
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def show_text(self, title: str, body: str = "", kind: FaultKind | None = None) -> None:
        """Show this text, unless it is the one that the user closed."""
        if (title, body) == self._shown:
            return
        self._shown = (title, body)
        weight = QFont.Weight.DemiBold if body else QFont.Weight.Normal
        self.title.setFont(theme.sized(self.font(), 1.0, weight))
        self.title.setText(title)
        self.body.setText(body)
        self.body.setVisible(bool(body))
        self.setToolTip(body)
        is_note = kind is None or kind in NOTES
        self.icon.show_kind(kind, palette.VIDEO_MUTED if is_note else theme.DARK.warning)
        self.setAccessibleName(f"{self._name}: {title}")
        self.setAccessibleDescription(body)
        self.setVisible(bool(title))
        if title:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.text()))
        self.changed.emit()

    def text(self) -> str:
        return "\n".join(part for part in self._shown if part)

    def _close(self) -> None:
        self.hide()
        self.changed.emit()

    def size_in(self, room: QSize) -> QSize:
        """The size at which the text fits into the width of `room`.

        Where it would hide more than half of the height, the body is left to the tooltip.
        """
        margins = self._column.contentsMargins()
        beside_title = (
            self.icon.sizeHint().width() + self.close_button.sizeHint().width() + 2 * theme.GAP + 8
        )
        frame = margins.left() + margins.right()
        title = self.title.fontMetrics().horizontalAdvance(self.title.text()) + beside_title
        body = self.body.fontMetrics().horizontalAdvance(self.body.text())
        natural = max(title, body, self._min_content_width()) + frame + 2
        width = min(natural, room.width(), scaled(MAX_WIDTH))
        lines = self.body.heightForWidth(width - frame) + self._column.spacing()
        height = self._column.totalHeightForWidth(width)
        if self.body.text():
            whole = height + lines * self.body.isHidden()
            self.body.setVisible(whole <= room.height() / 2)
            height = whole - lines * self.body.isHidden()
        return QSize(width, height)

    def _min_content_width(self) -> int:
        """Width of the parts that do not wrap."""
        return 0


class FaultPanel(Notice):
    """What is wrong with the source. `fault.source` is never shown: see `Fault`.

    `retry` and `locate`, of a table's missing pictures, carry it.
    """

    retry = Signal(str)
    locate = Signal(str)
    demo = Signal()
    other = Signal(QPushButton)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "Source")
        self._fault: Fault | None = None
        self.retry_button = self._button("Retry", "Open the same source again.")
        self.locate_button = self._button("Locate…", "Choose the file or folder of this table.")
        self.demo_button = self._button("Demo clip", "Play the clip that comes with the app.")
        self.other_button = self._button("Other…", "Choose another source.")
        self.retry_button.clicked.connect(lambda: self._emit(self.retry))
        self.locate_button.clicked.connect(lambda: self._emit(self.locate))
        self.demo_button.clicked.connect(self.demo)
        self.other_button.clicked.connect(lambda: self.other.emit(self.other_button))
        self._buttons = QWidget()
        row = QHBoxLayout(self._buttons)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(theme.GAP)
        self._lasting = (self.retry_button, self.demo_button)  # not of a table that plays
        for button in (*self._lasting, self.locate_button, self.other_button):
            row.addWidget(button)
        row.addStretch(1)
        self._column.addWidget(self._buttons)
        for one, next_one in (
            (self.retry_button, self.demo_button),
            (self.demo_button, self.locate_button),
            (self.locate_button, self.other_button),
            (self.other_button, self.close_button),
        ):
            self.setTabOrder(one, next_one)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        enable_keyboard(button)
        return button

    def show_status(self, status: LiveStatus) -> None:
        fault = status.source.fault
        if fault is None:
            self._buttons.hide()
            self.show_text(source_text.without_login(status.source.notice))
        else:
            self._buttons.setVisible(fault.kind not in NOTES)
            replay = status.source.replay
            missing = replay.missing if replay is not None else None
            is_missing = fault.kind is FaultKind.MISSING
            for button in self._lasting:
                button.setHidden(is_missing)
            can_locate = is_missing and missing is not None and missing.can_locate
            self.locate_button.setVisible(can_locate)
            title, body = source_text.fault_text(fault, status.source.notice)
            self.show_text(title, body, fault.kind)
        self._fault = fault

    def _emit(self, signal: SignalInstance) -> None:
        if self._fault is not None:
            signal.emit(self._fault.source)

    def _min_content_width(self) -> int:
        return 0 if self._buttons.isHidden() else self._buttons.sizeHint().width()
