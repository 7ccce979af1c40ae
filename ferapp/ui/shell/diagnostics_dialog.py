"""Saving a file of diagnostics, which `ferapp doctor` writes in a process of its own."""

import json
import sys
from collections.abc import Sequence

from PySide6.QtCore import QByteArray, QProcess, QSize
from PySide6.QtWidgets import QLabel, QWidget

from ferapp.ui.widgets.dialogs import ModelessDialog
from ferapp.ui.widgets.file_dialogs import save_file

CONTENT = (
    "One zip file to attach when you report a problem: what is installed and what ferapp doctor "
    "finds, the log, the settings, and what the program was doing when it last crashed."
)
PRIVACY = (
    "It contains no pictures. The names of user, computer and home folder are replaced, and "
    "passwords are removed from addresses. Nothing is sent."
)
DOCTOR = (sys.executable, "-m", "ferapp", "doctor")


class DiagnosticsDialog(ModelessDialog):
    """Says what will be in the file, then saves it while the window goes on."""

    def __init__(self, parent: QWidget, command: Sequence[str] = DOCTOR) -> None:
        super().__init__(parent, "Save diagnostics", QSize(560, 320))
        self._command, self._path = command, ""
        for text in (CONTENT, PRIVACY):
            label = QLabel(text)
            label.setWordWrap(True)
            self.column.addWidget(label)
        self.state = QLabel()
        self.state.setProperty("quiet", True)
        self.state.setWordWrap(True)
        self.column.addWidget(self.state)
        self.column.addStretch(1)
        self.save_button = self.add_button("Save…", "Choose where to save the file.", self._choose)
        self.add_buttons()
        self.process = QProcess(self)
        self.process.finished.connect(self._finished)
        self.process.errorOccurred.connect(self._failed)
        self.finished.connect(self._stop)

    def _choose(self) -> None:
        name, filters = "ferapp-diagnostics.zip", "Zip files (*.zip)"
        path, _ = save_file(self, "log", "Save diagnostics", name, filters)
        if path:
            self.save(path)

    def save(self, path: str) -> None:
        self._path = path
        self.save_button.setEnabled(False)
        self.state.setText("Checking this computer. This takes a few seconds…")
        program, *arguments = self._command
        self.process.start(program, [*arguments, "--json", "--bundle", path])

    def _finished(self) -> None:
        output = _text(self.process.readAllStandardOutput())
        problem = _text(self.process.readAllStandardError()).strip()
        self.save_button.setEnabled(True)
        try:
            members = json.loads(output.strip().rpartition("\n")[2])["bundle"]["members"]
        except (ValueError, KeyError, TypeError):
            self.state.setText(f"Nothing was saved. {problem}")
        else:
            self.state.setText(f"Saved as {self._path}\nIn it: {', '.join(members)}")

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self.save_button.setEnabled(True)
            self.state.setText(f"Nothing was saved. {self.process.errorString()}")

    def _stop(self) -> None:
        """Closed before the end: nothing is saved."""
        self.process.blockSignals(True)
        self.process.kill()
        self.process.waitForFinished(1000)


def _text(output: QByteArray) -> str:
    return bytes(output.data()).decode(errors="replace")
