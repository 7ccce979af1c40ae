"""The dialog that starts and stops live output, and says what is sent to whom."""

from collections.abc import Callable
from html import escape

from PySide6.QtCore import QMargins, QSize, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ferapp.live.status import OutputStatus
from ferapp.studies.live_output.osc_output import MESSAGES
from ferapp.studies.live_output.output_target import LSL, OutputTarget, osc_target
from ferapp.ui.live_output.output_text import (
    CONTENT,
    LSL_REACH,
    OSC_REACH,
    PRIVACY,
    sign_text,
    sign_tip,
    trouble_text,
)
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.dialogs import ModelessDialog
from ferapp.ui.widgets.text_size import scaled
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea
from trainer.errors import UsageError

OFF = "Off. Nothing is sent."
DEFAULT_ADDRESS = "127.0.0.1:9000"


class OutputDialog(ModelessDialog):
    """`started` and `stopped` carry the target."""

    started = Signal(OutputTarget)
    stopped = Signal(OutputTarget)

    def __init__(self, parent: QWidget, address: str) -> None:
        super().__init__(parent, "Live output", QSize(scaled(680), 0))
        self._running: dict[str, OutputTarget] = {}  # by kind
        self.address = QLineEdit(address or DEFAULT_ADDRESS)
        self.address.setAccessibleName("OSC address, computer and port")
        self.address.setToolTip("Computer and port, such as 127.0.0.1:9000.")
        self.address.textEdited.connect(lambda: self._mark_address(""))
        self.address.returnPressed.connect(self._toggle_osc)
        self.lsl_button = self._button("lsl", self._toggle_lsl)
        self.osc_button = self._button("osc", self._toggle_osc)
        self.lsl_state, self.osc_state = self._quiet(OFF), self._quiet(OFF)
        self._states = {"lsl": self.lsl_state, "osc": self.osc_state}
        self._buttons = {"lsl": self.lsl_button, "osc": self.osc_button}
        grid = QGridLayout()
        grid.setContentsMargins(QMargins())
        grid.setHorizontalSpacing(theme.MARGIN)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self._quiet(LSL_REACH), 1, 1)
        grid.addWidget(self._quiet(OSC_REACH), 4, 1)
        for row, name, state in ((0, "LSL", self.lsl_state), (3, "OSC to", self.osc_state)):
            grid.addWidget(QLabel(name), row, 0)
            grid.addWidget(self._buttons[name[:3].lower()], row, 2)
            grid.addWidget(state, row if row == 0 else row + 2, 1)
        grid.addWidget(self.address, 3, 1)
        grid.setRowMinimumHeight(2, theme.GAP)
        content = QWidget()
        content.setObjectName("inner")
        column = QVBoxLayout(content)
        column.setContentsMargins(QMargins())
        column.setSpacing(theme.MARGIN)
        column.addWidget(_wrapped(CONTENT))
        column.addLayout(grid)
        column.addWidget(_wrapped(PRIVACY))
        column.addWidget(_wrapped("OSC messages, in one bundle a frame:"))
        column.addWidget(_message_list(), 1)
        area = VerticalScrollArea()  # for a screen that is too low for everything
        area.setObjectName("inner")
        area.setWidget(content)
        self.column.addWidget(area, 1)
        self.add_buttons()
        margins = self.column.contentsMargins()
        height = column.totalHeightForWidth(self.width() - margins.left() - margins.right())
        below = self.column.spacing() + self.buttons.sizeHint().height()
        self.resize(self.width(), height + below + margins.top() + margins.bottom())

    def _button(self, kind: str, on_click: Callable[[], None]) -> QPushButton:
        button = QPushButton("Start")
        button.setAccessibleName(f"Start {kind.upper()}")
        button.setAutoDefault(False)
        button.clicked.connect(lambda: on_click())
        enable_keyboard(button)
        return button

    def _quiet(self, text: str) -> QLabel:
        label = _wrapped(text)
        label.setProperty("quiet", True)
        return label

    def show_outputs(self, outputs: tuple[OutputStatus, ...]) -> None:
        self._running = {one.target.kind: one.target for one in outputs if not one.over}
        for kind, state in self._states.items():
            found = next((one for one in outputs if one.target.kind == kind), None)
            is_running = kind in self._running
            word = "Stop" if is_running else "Start"
            self._buttons[kind].setText(word)
            self._buttons[kind].setAccessibleName(f"{word} {kind.upper()}")
            self._buttons[kind].setToolTip(
                "Stop sending at once." if is_running else "Send from now on."
            )
            text = OFF if found is None else found.reason
            if found is not None and is_running:
                text = ". ".join(filter(None, (sign_text(found), trouble_text(found))))
            if kind != "osc" or not self.address.property("invalid"):
                state.setText(text)
            state.setToolTip(sign_tip(found) if found is not None and is_running else "")
        self.address.setEnabled("osc" not in self._running)

    def _toggle_lsl(self) -> None:
        if "lsl" in self._running:
            self.stopped.emit(LSL)
        else:
            self.started.emit(LSL)

    def _toggle_osc(self) -> None:
        if "osc" in self._running:
            self.stopped.emit(self._running["osc"])
            return
        try:
            target = osc_target(self.address.text())
        except UsageError as error:
            self._mark_address(str(error))
            return
        self.started.emit(target)

    def _mark_address(self, problem: str) -> None:
        """Say what is wrong with the address; "" when nothing is."""
        self.address.setProperty("invalid", bool(problem))
        self.address.style().polish(self.address)
        self.osc_state.setText(problem or OFF)


def _message_list() -> QTextBrowser:
    rows = "".join(
        f"<tr><td><code>{escape(address)}</code>&nbsp;&nbsp;</td><td>{escape(meaning)}</td></tr>"
        for address, meaning in MESSAGES.items()
    )
    browser = QTextBrowser()
    browser.setAccessibleName("OSC messages")
    browser.setHtml(f"<table cellspacing='2'>{rows}</table>")
    browser.setMinimumHeight(scaled(140))
    return browser


def _wrapped(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    return label
