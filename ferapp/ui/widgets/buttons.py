"""Buttons that mouse and keyboard can press, and a button that opens a menu."""

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QMenu,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from ferapp.ui.widgets import theme

_PAD = 10  # px left and right of the text
_ARROW = 8  # px
_MAX_VALUE, _MIN_VALUE = 190, 60  # px of a value, preferred and at least
_SEPARATOR = "  "  # between caption and value


class SpacePressesButton(QObject):
    """Space freezes the picture, but presses the button while that has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        if event.key() != Qt.Key.Key_Space:
            return False
        event.accept()
        return True


class ButtonKeys(SpacePressesButton):
    """Enter presses the focused button, as Space does."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and isinstance(watched, QAbstractButton)
        ):
            if not event.isAutoRepeat():
                _press(watched)
            return True
        return super().eventFilter(watched, event)


class Toggle(QAbstractButton):
    """A text button that stays pressed; subclasses paint it in `draw`.

    It is `extra_width` px wider than its text and at least `min_height` px high.
    """

    def __init__(self, text: str, tip: str, extra_width: int, min_height: int) -> None:
        super().__init__()
        self._extra_width, self._min_height = extra_width, min_height
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to Freeze
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.installEventFilter(SpacePressesButton(self))

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(self.text()) + self._extra_width
        return QSize(width, max(metrics.height() + 8, self._min_height))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self.draw(painter)

    def draw(self, painter: QPainter) -> None:
        raise NotImplementedError


def _press(button: QAbstractButton) -> None:
    menu = button.menu() if isinstance(button, QToolButton) else None
    if menu is not None:
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))
    else:
        button.click()


def enable_keyboard(button: QWidget) -> None:
    """Let Tab reach `button`, and Space and Enter press it.

    A click does not focus it, so that Space still freezes the picture afterwards.
    """
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.installEventFilter(ButtonKeys(button))


class MenuButton(QToolButton):
    """Opens a menu and shows what is chosen in it: a muted caption, the value, an arrow."""

    def __init__(self, caption: str, menu: QMenu, tip: str) -> None:
        super().__init__()
        self._caption = caption
        self._quiet = False
        self._compact = False
        self.setMenu(menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(tip)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.show_value("")
        enable_keyboard(self)

    def show_value(self, value: str, quiet: bool = False) -> None:
        """`quiet` greys a value that is not available yet."""
        if (value, quiet) == (self.text(), self._quiet) and self.accessibleName():
            return
        self._quiet = quiet
        self.setText(value)
        self.setAccessibleName(f"{self._caption}: {value}" if value else self._caption)
        self.updateGeometry()
        self.update()

    def set_compact(self, on: bool) -> None:
        """Hide the caption."""
        if on != self._compact:
            self._compact = on
            self.updateGeometry()
            self.update()

    def caption_width(self) -> int:
        """The width in px that `set_compact` saves."""
        return (
            self.fontMetrics().horizontalAdvance(self._caption + _SEPARATOR) if self.text() else 0
        )

    def sizeHint(self) -> QSize:
        return self._size(_MAX_VALUE)

    def minimumSizeHint(self) -> QSize:
        return self._size(_MIN_VALUE)

    def _size(self, max_value: int) -> QSize:
        metrics = self.fontMetrics()
        if self.text():
            width = min(metrics.horizontalAdvance(self.text()), max_value)
            width += 0 if self._compact else self.caption_width()
        else:
            width = metrics.horizontalAdvance(self._caption)
        return QSize(width + 3 * _PAD + _ARROW, metrics.height() + 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        self._paint(painter)
        painter.end()

    def _paint(self, painter: QStylePainter) -> None:
        colours = theme.current()
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text = ""
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        painter.setRenderHint(painter.RenderHint.Antialiasing)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine
        room = QRect(self.rect()).adjusted(_PAD, 0, -2 * _PAD - _ARROW + 1, 0)
        if not (self._compact and self.text()):
            painter.setPen(QColor(colours.muted if self.text() else colours.text))
            painter.drawText(room, flags, self._caption)
            room.setLeft(room.left() + self.caption_width())
        painter.setPen(QColor(colours.muted if self._quiet else colours.text))
        elided = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideMiddle, room.width()
        )
        painter.drawText(room, flags, elided)
        painter.setPen(QPen(QColor(colours.muted), 1.5))
        arrow_tip = QPointF(self.width() - _PAD - _ARROW / 2, self.height() / 2 + 2.5)
        painter.drawPolyline(
            [
                arrow_tip + QPointF(-_ARROW / 2, -_ARROW / 2),
                arrow_tip,
                arrow_tip + QPointF(_ARROW / 2, -_ARROW / 2),
            ]
        )


def push_button(text: str, tip: str) -> QPushButton:
    """A push button that the keyboard reaches. Enter elsewhere in a dialog does not press it."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAutoDefault(False)
    enable_keyboard(button)
    return button
