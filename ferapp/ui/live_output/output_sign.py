"""The line below the toolbar, on every page, while something is being sent."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolBar, QWidget

from ferapp.live.status import OutputStatus
from ferapp.studies.live_output.output_target import OutputTarget
from ferapp.ui.live_output.output_text import sign_text, sign_tip, trouble_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.ui.widgets.elided_label import ElidedLabel


class _Part(QWidget):
    """One output: what it sends where, what is wrong, and a button that stops it."""

    stopped = Signal(OutputTarget)

    def __init__(self, target: OutputTarget) -> None:
        super().__init__()
        self._target = target
        self.text = ElidedLabel()
        self.text.setProperty("sending", True)
        self.text.setFont(theme.sized(self.font(), 1.0))  # digits of equal width
        self.text.setAccessibleName(f"Live output, {target.kind.upper()}")
        self.trouble = ElidedLabel()
        self.trouble.setProperty("wrong", True)
        self.trouble.setAccessibleName(f"Trouble, {target.kind.upper()}")
        self.stop = QPushButton("Stop")
        self.stop.setAccessibleName(f"Stop: {target.title}")
        self.stop.setToolTip("Stop sending at once.")
        self.stop.clicked.connect(lambda: self.stopped.emit(self._target))
        enable_keyboard(self.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 2 * theme.MARGIN, 0)
        row.setSpacing(theme.GAP)
        for widget in (self.text, self.trouble, self.stop):
            row.addWidget(widget)

    def show_status(self, status: OutputStatus) -> None:
        self._target = status.target
        text, trouble = f"●  {sign_text(status)}", trouble_text(status)
        self.text.setText(text)
        self.text.setToolTip(f"{text}\n{sign_tip(status)}")
        self.trouble.setText(trouble)
        self.trouble.setToolTip(trouble)
        self.trouble.setVisible(bool(trouble))


class OutputSign(QToolBar):
    """Hidden while nothing is sent. `stopped` carries the target whose button was pressed."""

    stopped = Signal(OutputTarget)

    def __init__(self) -> None:
        super().__init__("Live output")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.parts: dict[str, _Part] = {}  # by kind
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        holder = QWidget()
        holder.setLayout(self._row)
        self._row.addStretch(1)
        self.addWidget(holder)
        self.hide()

    def show_outputs(self, outputs: tuple[OutputStatus, ...]) -> None:
        """Those that run."""
        running = {status.target.kind: status for status in outputs if not status.over}
        for kind in [kind for kind in self.parts if kind not in running]:
            self.parts.pop(kind).deleteLater()
        for kind, status in running.items():
            if kind not in self.parts:
                part = self.parts[kind] = _Part(status.target)
                part.stopped.connect(self.stopped)
                self._row.insertWidget(self._row.count() - 1, part)
            self.parts[kind].show_status(status)
        self.setVisible(bool(running))
