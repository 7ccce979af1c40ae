"""The bar below the picture while `ferapp analyze` turns a video or folder into a table.

A process of its own analyses every frame once; live playback loops, and skips frames while the
computer is slow.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QProcess, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import enable_keyboard
from ferapp.vision.analysis_options import Prior

POLL_MS = 500
TAIL_BYTES = 4096  # at the end of the table: more than a row
COMMAND = (sys.executable, "-m", "ferapp")


class TableBar(QFrame):
    """`ended` carries a message about the outcome, and the path of the table or ""."""

    ended = Signal(str, str)

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Analysis into a table")
        self._command = command
        self._table = Path()
        self._frames = 0  # about how many there are; 0 when unknown
        self._stopped = False
        self._process = QProcess(self)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._fail)
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._show_progress)
        self.progress = QLabel()
        self.progress.setAccessibleName("Progress of the table")
        self.stop_button = QPushButton("Stop")
        self.stop_button.setAccessibleName("Stop: table")
        self.stop_button.setToolTip("Stop here. The table keeps the rows written so far.")
        self.stop_button.clicked.connect(self.stop)
        enable_keyboard(self.stop_button)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.progress)
        row.addStretch(1)
        row.addWidget(self.stop_button)
        self.hide()

    @property
    def running(self) -> bool:
        return self._process.state() != QProcess.ProcessState.NotRunning

    def start(
        self, source: str, table: Path, model: str, faces: int, prior: Prior, frames: int = 0
    ) -> None:
        """Analyse `source` from beginning to end; only while nothing else is running.

        `frames` is about how many it has, for the progress; 0 when unknown.
        """
        self._table, self._frames, self._stopped = table, frames, False
        arguments = [
            *self._command[1:], "analyze", source, f"--csv={table}", f"--model={model}",
            f"--faces={faces}", f"--prior={prior}", "--json",
            "--overwrite",  # the file dialog asked before overwriting
        ]  # fmt: skip
        self._process.start(self._command[0], arguments)
        self._timer.start()
        self._show_progress()
        self.show()

    def stop(self) -> None:
        self._stopped = True
        self._process.kill()  # rows are written whole, and resuming checks the last one

    def close_down(self) -> None:
        """The window closes."""
        if self.running:
            self.stop()
            self._process.waitForFinished()

    def _show_progress(self) -> None:
        frame = last_frame(self._table)
        progress = "starting…" if frame is None else f"frame {frame:,}"
        if frame is not None and self._frames:
            share = min((frame + 1) / self._frames, 1.0)
            progress += f" of about {self._frames:,} ({share:.0%})"
        self.progress.setText(f"{self._table.name}: {progress}")
        self.progress.setToolTip(f"Written to\n{self._table}")

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:  # `finished` is not emitted then
            self._end(f"No table: {self._process.errorString()}", "")

    def _finish(self, code: int, _status: QProcess.ExitStatus) -> None:
        errors = bytes(self._process.readAllStandardError().data()).decode(errors="replace").strip()
        lines = bytes(self._process.readAllStandardOutput().data()).decode().splitlines()
        if self._stopped:
            self._end(
                f"Stopped: {self._table.name} has all frames analysed so far.", str(self._table)
            )
        elif code or not lines:
            self._end(f"No table: {errors.removeprefix('Error: ') or 'the analysis failed'}", "")
        else:
            done = json.loads(lines[-1])
            faces = wording.count(done["frames_with_face"], "frame").replace("\u00a0", " ")
            message = f"{wording.count(done['frames'], 'frame')} analysed, {faces} with a face"
            self._end(message, str(self._table))

    def _end(self, message: str, table: str) -> None:
        self._timer.stop()
        self.hide()
        self.ended.emit(message, table)


def last_frame(table: Path) -> int | None:
    """Frame number of the last complete row; None before the first."""
    try:
        with table.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - TAIL_BYTES))
            rows = stream.read().split(b"\n")[:-1]
    except OSError:
        return None
    first = rows[-1].split(b",")[0] if rows else b""
    return int(first) if first.isdigit() else None
