"""Dialogs beside the main window. None of them blocks it, Esc closes each."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QMargins, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QBoxLayout,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ferapp.sources.stream_address import URL
from ferapp.ui.coding.coding_keys import CODING, CODING_KEYS
from ferapp.ui.shell.actions import ACTIONS, ActionRecord, ModeKey, native, native_modifier
from ferapp.ui.shell.key_tables import (
    BOOTH,
    BOOTH_KEYS,
    DUEL_KEYS,
    INSPECT_KEYS,
    STAGE,
    STAGE_KEYS,
)
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.file_dialogs import save_file
from ferapp.ui.widgets.log_view import LogView
from ferapp.ui.widgets.screen_fit import ScreenDialog, room_on_screen
from ferapp.ui.widgets.text_size import scaled

KEYS_WIDTH, _TWO_COLUMNS = 1180, 960  # px; one column where there is less room than the latter
_SCREEN_MARGIN = 28  # px around the window of keys
_RIGHT_GROUPS = ("Picture", "Recording", "Comparison", "Inspect")  # about half of all keys
_MODES: dict[str, Sequence[ModeKey]] = {
    STAGE: STAGE_KEYS,
    BOOTH: BOOTH_KEYS,
    CODING: CODING_KEYS,
}
_KeyRow = tuple[str, str, str]  # a key, its action, and what that does
LOG_MS = 1000  # between two updates of an open log


class ModelessDialog(ScreenDialog):
    """A dialog with a column of widgets above a row of buttons, the last of which closes it."""

    def __init__(self, parent: QWidget, title: str, size: QSize) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(size)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(QMargins(20, 18, 20, 16))
        self.column.setSpacing(theme.MARGIN)
        self.buttons = QDialogButtonBox()

    def add_buttons(self) -> None:
        """Add the row of buttons below everything else."""
        self.column.addWidget(self.buttons)
        self.add_button("Close", "Close this window. Key: Esc", self.close)

    def add_button(self, text: str, tip: str, on_click: Callable[[], object]) -> QPushButton:
        button = self.buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: on_click())
        enable_keyboard(button)
        return button


class KeysDialog(ModelessDialog):
    """All actions with their keys, by group.

    With several `pages` also their keys, and those of the Inspect page. The keys of the `mode` that
    is on, a name in _MODES, come first, and what they replace is left out.
    """

    def __init__(self, parent: QWidget, pages: Sequence[ActionRecord], *, mode: str = "") -> None:
        super().__init__(parent, "Keys", QSize(KEYS_WIDTH, 0))
        modes: dict[str, list[_KeyRow]] = {
            name: [(key.shown or native(key.keys[0]), key.text, key.tip) for key in table]
            for name, table in _MODES.items()
        }
        groups = {name: rows for name, rows in modes.items() if name == mode}
        has_pages = len(pages) > 1
        table = _MODES.get(mode, ())
        owned = {key for record in table for key in record.keys}
        for record in (*ACTIONS, *(pages if has_pages else ())):
            if record.shortcut in owned:
                continue
            row = native(record.shortcut), record.text, record.tip
            groups.setdefault(record.group, []).append(row)
        groups["Comparison"] = [*DUEL_KEYS]
        if has_pages:
            groups["Inspect"] = [(_native_key(key), text, tip) for key, text, tip in INSPECT_KEYS]
        groups |= modes
        right = {name: groups.pop(name) for name in _RIGHT_GROUPS if name in groups}
        body = QWidget()
        body.setObjectName("inner")
        sides = QBoxLayout(QBoxLayout.Direction.LeftToRight, body)
        sides.setContentsMargins(0, 0, 0, 0)
        sides.setSpacing(2 * theme.MARGIN)
        sides.addLayout(_key_grid(groups), 1)
        sides.addLayout(_key_grid(right), 1)
        scroll = QScrollArea()
        scroll.setObjectName("inner")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(body)
        self.column.addWidget(scroll, 1)
        self.add_buttons()
        self._fit(sides)

    def _fit(self, sides: QBoxLayout) -> None:
        """Large enough for everything, as far as the screen allows."""
        available = room_on_screen(self) - QSize(_SCREEN_MARGIN, _SCREEN_MARGIN)
        margins = self.column.contentsMargins()
        width = min(scaled(KEYS_WIDTH), available.width())
        if width < scaled(_TWO_COLUMNS):
            sides.setDirection(QBoxLayout.Direction.TopToBottom)
        keys_height = sides.totalHeightForWidth(width - margins.left() - margins.right())
        buttons_height = self.column.spacing() + self.buttons.sizeHint().height()
        height = margins.top() + keys_height + buttons_height + margins.bottom() + 2
        self.resize(width, min(height, available.height()))


def _native_key(key: str) -> str:
    if key in ("Ctrl", "Shift"):
        return native_modifier(key)
    return native(key) if key.startswith("Ctrl+") else key


def _key_grid(groups: dict[str, list[_KeyRow]]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(2, 1)
    for name, rows in groups.items():
        title = QLabel(name)
        title.setFont(theme.sized(title.font(), 1.1, QFont.Weight.DemiBold))
        if grid.count():
            title.setContentsMargins(QMargins(0, theme.GAP, 0, 0))
        grid.addWidget(title, grid.rowCount(), 0, 1, 3)
        for texts in rows:
            row = grid.rowCount()
            key, action, description = map(QLabel, texts)
            key.setProperty("key", True)
            key.setAlignment(Qt.AlignmentFlag.AlignCenter)
            description.setProperty("quiet", True)
            description.setWordWrap(True)
            for label in (action, description):  # on one line with the framed key
                label.setContentsMargins(QMargins(0, 2, 0, 0))
            for column, label in enumerate((key, action, description)):
                grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop)
    grid.setRowStretch(grid.rowCount(), 1)
    return grid


class TextDialog(ModelessDialog):
    """A text to read and copy. Links in it are not opened: the app makes no connection."""

    def __init__(self, parent: QWidget, title: str, html: str, size: QSize) -> None:
        super().__init__(parent, title, size)
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setAccessibleName(title)
        self.text.document().setDefaultStyleSheet(
            "td { padding: 1px 16px 1px 0; } h2 { margin: 0; } h3 { margin: 14px 0 4px 0; }"
            "p { margin: 4px 0; }"
        )
        self.text.setHtml(html)
        self.column.addWidget(self.text, 1)
        self.add_button("Copy", "Copy the whole text.", self._copy)
        self.add_buttons()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())


class LogDialog(ModelessDialog):
    """The log so far, updated while it is open."""

    def __init__(self, parent: QWidget, read_log: Callable[[], str]) -> None:
        super().__init__(parent, "Log", QSize(820, 520))
        self._read_log = read_log
        self.text = LogView("Log")
        self.text.setPlaceholderText("Nothing has happened yet.")
        self.column.addWidget(self.text, 1)
        self.saved = QLabel()
        self.saved.setProperty("quiet", True)
        self.saved.setWordWrap(True)
        self.saved.hide()
        self.column.addWidget(self.saved)
        self.add_button("Copy", "Copy the whole log.", self._copy)
        self.add_button("Save…", "Save the whole log as a text file.", self._save)
        self.add_buttons()
        self._refresh()
        self._timer = QTimer(self, interval=LOG_MS)
        self._timer.timeout.connect(self._refresh)
        self._timer.start()

    def _refresh(self) -> None:
        self.text.show_text(self._read_log())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._read_log())

    def _save(self) -> None:
        path, _ = save_file(self, "log", "Save the log", "ferapp.log", "Text (*.log)")
        if not path:
            return
        try:
            with open(path, "w", encoding="utf-8") as file:
                file.write(self._read_log())
        except OSError as error:
            self.saved.setText(f"The log could not be saved: {error.strerror}")
        else:
            self.saved.setText(f"Saved as {path}")
        self.saved.show()


class AddressDialog(ScreenDialog):
    """Asks for the address of a stream, and checks it while it is typed."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open address")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(scaled(460), 0)
        label = QLabel("Address of a camera or video on the network")
        self.line = QLineEdit()
        self.line.setAccessibleName("Address")
        self.line.setPlaceholderText("rtsp://camera.local:554/stream")
        self.line.setToolTip("The app connects to this address and nowhere else.")
        label.setBuddy(self.line)
        self.message = QLabel()
        self.message.setProperty("quiet", True)
        self.message.setWordWrap(True)
        self.message.setAccessibleName("Address check")
        buttons = QDialogButtonBox()
        self.open_button = buttons.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        self.open_button.setToolTip("Show the stream at this address.")
        cancel = buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setToolTip("Close without opening anything. Key: Esc")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(QMargins(20, 18, 20, 16))
        column.setSpacing(theme.GAP)
        for widget in (label, self.line, self.message, buttons):
            column.addWidget(widget)
        self.line.textChanged.connect(self._check)
        self.accepted.connect(lambda: self.chosen.emit(self.line.text().strip()))
        self._check()

    def _check(self) -> None:
        problem = address_problem(self.line.text().strip())
        self.open_button.setEnabled(not problem)
        self.message.setText(problem or "The name and password in it are never shown or saved.")


def address_problem(text: str) -> str:
    """What is wrong with an address; "" when it can be opened."""
    if not text:
        return "It begins with http://, https://, rtsp:// or rtsps://."
    match = URL.match(text)
    if match is None:
        scheme, separator, _ = text.partition("://")
        supported = "Supported are http, https, rtsp and rtsps."
        if separator:
            return f"{scheme}:// is not supported. {supported}"
        return f"An address contains ://. {supported}"
    host = text[match.end() :].partition("/")[0].rpartition("@")[2]
    if not host or host.startswith(":"):
        return "The name of the server is missing."
    return "An address has no spaces." if any(c.isspace() for c in text) else ""
