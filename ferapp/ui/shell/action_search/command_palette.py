"""Every action of the window, found by typing: its key, and why it is not available."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QAction, QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from ferapp.ui.shell.action_search.fuzzy_match import fuzzy_match
from ferapp.ui.shell.actions import ActionRecord, Group, native
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled

_WIDTH, _ROWS = 560, 9  # px at the usual size of text; rows in view
_TIP_WEIGHT = 0.3  # of a match in the explanation rather than in the name
_PAD = 12  # px


@dataclass(frozen=True, slots=True)
class Command:
    """`menu` is the title of the menu in which the action is a choice; "" elsewhere."""

    record: ActionRecord
    action: QAction
    menu: str = ""

    @property
    def problem(self) -> str:
        """Why it is not available now; "" if it is."""
        if not isValid(self.action):  # its menu was filled anew meanwhile
            return "No longer there. Type again to see what is"
        if not self.action.isVisible():
            return "Only on the Live page"
        if not self.action.isEnabled():
            return str(self.action.property("reason") or "Not available now")
        return ""

    @property
    def title(self) -> str:
        """As its button says it now, with its state if it is a switch."""
        text = self.action.text()
        if self.menu:
            name = text.split("\t")[0].replace("&&", "&")
            return f"{self.menu}: {name}{' (now)' if self.action.isChecked() else ''}"
        if self.action.isCheckable() and self.record.group != "Pages":
            return f"{text}: {'on' if self.action.isChecked() else 'off'}"
        return text


def choices(menu: QMenu, group: Group, listed: Collection[QAction]) -> list[Command]:
    """What a menu and its own menus offer to choose from, such as the themes, but for `listed`."""
    found: list[Command] = []
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            found += choices(inner, group, listed)
        elif action.isCheckable() and action not in listed:
            record = ActionRecord("", group, action.text(), "", action.toolTip())
            found.append(Command(record, action, menu.title()))
    return found


def search(commands: Sequence[Command], query: str) -> list[tuple[Command, tuple[int, ...]]]:
    """The commands that match, best first, and where the query is in their titles.

    Of equally good ones, those that are not available come last.
    """
    rated: list[tuple[float, bool, Command, tuple[int, ...]]] = []
    for command in commands:
        match = fuzzy_match(query, command.title)
        positions = match.positions if match is not None else ()
        words = f"{command.record.group} {command.record.tip}"
        in_tip = query.strip().casefold() in words.casefold()
        if match is None and not in_tip:
            continue
        score = match.score if match is not None else _TIP_WEIGHT * len(query)
        rated.append((-score, bool(command.problem), command, positions))
    rated.sort(key=lambda entry: entry[:2])
    return [(command, positions) for _, _, command, positions in rated]


class CommandPalette(QFrame):
    """Opens over `parent`; Enter runs the selected action, Esc or a click elsewhere closes it."""

    def __init__(self, parent: QWidget, commands: Callable[[], Sequence[Command]]) -> None:
        super().__init__(parent)
        self._parent, self._list_commands = parent, commands
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Find an action")
        self.line = QLineEdit()
        self.line.setPlaceholderText("What do you want to do?")
        self.line.setAccessibleName("Find an action")
        self.line.setToolTip("Letters of its name are enough. Enter runs it, Esc closes the list.")
        self.line.textChanged.connect(self._search)
        self.line.installEventFilter(self)
        self.results = QListWidget()
        self.results.setObjectName("inner")
        self.results.setAccessibleName("Actions")
        self.results.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.results.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.results.setItemDelegate(_Row(self.results))
        self.results.itemClicked.connect(self._run)
        column = QVBoxLayout(self)
        column.setContentsMargins(_PAD, _PAD, _PAD, _PAD)
        column.setSpacing(theme.GAP)
        column.addWidget(self.line)
        column.addWidget(self.results)
        self.nothing = QLabel()
        self.nothing.setProperty("quiet", True)
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.nothing, 1)
        self.hide()

    def toggle(self) -> None:
        if self.isVisible():
            self._close()
            return
        self.line.clear()
        self._search("")
        row = self.results.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex()).height()
        width = scaled(_WIDTH)
        height = self.line.sizeHint().height() + _ROWS * row + 2 * _PAD + theme.GAP + 4
        room = self._parent.rect().adjusted(_PAD, 4 * _PAD, -_PAD, -_PAD)
        size = QSize(width, height).boundedTo(room.size())
        self.setGeometry(QRect(room.center().x() - size.width() // 2, room.top(), *size.toTuple()))
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def _close(self) -> None:
        self.hide()
        self._parent.setFocus()

    def _search(self, query: str) -> None:
        self.results.clear()
        for command, positions in search(self._list_commands(), query):
            item = QListWidgetItem(command.title)
            item.setData(Qt.ItemDataRole.UserRole, (command, positions))
            item.setData(
                Qt.ItemDataRole.AccessibleDescriptionRole, command.problem or command.record.tip
            )
            item.setToolTip(command.problem or command.record.tip)
            self.results.addItem(item)
        self.results.setCurrentRow(0)
        found = self.results.count() > 0
        self.results.setVisible(found)
        self.nothing.setVisible(not found)
        self.nothing.setText(f"Nothing here is called “{query}”. Try fewer letters.")

    def _run(self, item: QListWidgetItem | None) -> None:
        """Do it, or stay open where the row says why that is impossible."""
        if item is None:
            return
        command: Command = item.data(Qt.ItemDataRole.UserRole)[0]
        if not command.problem:
            self._close()
            command.action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.hide()  # the focus is somewhere else already
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        keys = Qt.Key
        if event.key() == keys.Key_Escape:
            self._close()
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            self._run(self.results.currentItem())
        elif event.key() in (keys.Key_Up, keys.Key_Down):
            step, count = (1 if event.key() == keys.Key_Down else -1), self.results.count()
            if count:
                self.results.setCurrentRow((self.results.currentRow() + step) % count)
        else:
            return False
        return True


class _Row(QStyledItemDelegate):
    """Name with the found letters in bold, what it does below, its key on the right."""

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        view = self.parent()
        assert isinstance(view, QWidget)
        return QSize(100, 2 * view.fontMetrics().height() + 12)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        command, positions = index.data(Qt.ItemDataRole.UserRole)
        colours = theme.current()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.raised))
            painter.drawRoundedRect(rect, 6, 6)
        inner = rect.adjusted(_PAD, 5, -_PAD, -5)
        line = painter.fontMetrics().height()
        key = native(command.record.shortcut)
        key_width = painter.fontMetrics().horizontalAdvance(key)
        painter.setPen(QColor(colours.muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, key)
        room = inner.adjusted(0, 0, -key_width - 2 * _PAD, 0)
        painter.setPen(QColor(colours.warning if command.problem else colours.muted))
        below = QRect(room.left(), room.bottom() - line, room.width(), line + 1)
        text = (command.problem or command.record.tip).partition("\n")[0]  # there is one line
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, text)
        x = room.left()
        usual = painter.font()
        for at, letter in enumerate(index.data(Qt.ItemDataRole.DisplayRole)):
            font = painter.font()
            font.setBold(at in positions)
            painter.setFont(font)
            painter.setPen(QColor(colours.muted if command.problem else colours.text))
            painter.drawText(x, room.top() + painter.fontMetrics().ascent(), letter)
            x += painter.fontMetrics().horizontalAdvance(letter)
        painter.setFont(usual)
        painter.restore()
