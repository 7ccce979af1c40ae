"""Processes of this program that the window starts, and that can outlive it."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

WINDOWS = os.name == "nt"
OUTPUT_LINES = 12  # of the output, where it names no error


def command_line(command: Sequence[str]) -> str:
    """A command as one line, quoted for this system's terminal."""
    return subprocess.list2cmdline(command) if WINDOWS else shlex.join(command)


class ChildProcess:
    """`python -m MODULE ARGUMENTS`, with its output in a temporary file of `output_folder`.

    The process has a session of its own, and on Windows its own console, so closing the app or
    Ctrl+C in its terminal leaves it running. Raises OSError when it cannot be started.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        output_folder: Path,
        variables: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.started_at = time.monotonic()
        # the file is deleted when the process has ended
        handle, name = tempfile.mkstemp(prefix=".output-", suffix=".log", dir=output_folder)
        self._output_file, self._output = Path(name), ""
        with os.fdopen(handle, "wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", **(variables or {})},
                cwd=cwd,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        code = self._process.poll()
        if code is not None:
            self._collect_output()
        return code

    def kill(self) -> None:
        """Kill it at once, and wait until it is gone."""
        if self._process.poll() is None:
            kill_tree(psutil.Process(self.pid))
        self._process.wait()
        self._collect_output()

    def wait(self, seconds: float) -> None:
        """Wait until it ends. Raises subprocess.TimeoutExpired."""
        self._process.wait(seconds)
        self._collect_output()

    def detach(self) -> None:
        """Leave it running without the app."""
        self._process.returncode = self._process.poll() or 0  # else Popen warns that it still runs
        with suppress(OSError):  # Windows cannot delete an open file
            self._output_file.unlink(missing_ok=True)

    def last_output(self) -> str:
        """The end of its output: the error message, if there is one."""
        text = self._output or self._read_output()
        lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
        errors = (i for i, line in enumerate(lines) if line.startswith("Error:"))
        return "\n".join(lines[next(errors, -OUTPUT_LINES) :])

    def _collect_output(self) -> None:
        """Take the output of an ended process into memory, and delete its file."""
        self._output = self._output or self._read_output()
        with suppress(OSError):
            self._output_file.unlink(missing_ok=True)

    def _read_output(self) -> str:
        try:
            return self._output_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def kill_tree(process: psutil.Process) -> None:
    """Kill a process and its children, which would otherwise wait for it for ever."""
    processes = [process]
    with suppress(psutil.Error):
        processes += process.children(recursive=True)
    for member in processes:
        with suppress(psutil.Error):
            member.kill()
