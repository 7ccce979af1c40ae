"""Training processes: start `python -m trainer`, find it again by a run's files, stop and kill it.

A training outlives the app. Its run's files record the process (pid, host, time), in `env.json`
and in the event `run_started`.
"""

import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from trainer.training.run_dir import CHILD_VARIABLE, RunDir

WINDOWS = os.name == "nt"
START_TOLERANCE_S = 2.0  # Linux reports when a process began to the second
OUTPUT_LINES = 12  # of the output, where it names no error


def train_arguments(
    recipe: str, data: Path, name: str, settings: Sequence[str], runs: Path
) -> list[str]:
    """The arguments after `fertrain`; each of `settings` is a `section.field=value`."""
    arguments = ["train", "--recipe", recipe, "--data", str(data), "--name", name]
    for setting in settings:
        arguments += ["--set", setting]
    return [*arguments, "--runs", str(runs)]


def resume_arguments(run: Path) -> list[str]:
    return ["resume", str(run)]


def command_line(command: Sequence[str]) -> str:
    """A command as one line, quoted for this system's terminal."""
    return subprocess.list2cmdline(command) if WINDOWS else shlex.join(command)


class TrainingProcess:
    """A training that this app started. `run` is its directory as soon as that exists.

    `was_killed_early` says that it was stopped before then. The process has a session of its own,
    and on Windows its own console, so closing the app or Ctrl+C in its terminal leaves it running.
    """

    def __init__(self, arguments: Sequence[str], runs: Path, run: Path | None = None) -> None:
        runs.mkdir(parents=True, exist_ok=True)
        self._runs, self.run = runs, run
        # the pid does not identify it: on Windows a virtual environment's Python starts another
        self._token = uuid.uuid4().hex
        if run is not None:
            RunDir(run).stop.unlink(missing_ok=True)  # an old request to stop
        self.was_killed_early = False
        self.started_at = time.monotonic()
        # its output goes to a temporary file beside the runs, which is deleted when it has ended
        handle, name = tempfile.mkstemp(prefix=".output-", suffix=".log", dir=runs)
        self._output_file, self._output = Path(name), ""
        with os.fdopen(handle, "wb") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "trainer", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", CHILD_VARIABLE: self._token},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, None while it runs. Looks for the run's directory until it exists."""
        if self.run is None:
            self.run = find_run_of(self._token, self._runs)
        code = self._process.poll()
        if code is not None:
            self._collect_output()
        return code

    def stop(self) -> None:
        """Stop after the current step, with everything saved; before its run exists, kill it.

        Raises OSError when the run's directory cannot be written.
        """
        if self.poll() is not None:
            return
        if self.run is None:
            self.was_killed_early = True
            self.kill()
        else:
            request_stop(self.run)

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


def find_run_of(token: str, runs: Path) -> Path | None:
    """The run directory made by the process that was given this token."""
    for env in sorted(runs.glob("*/env.json"), reverse=True):
        try:
            if json.loads(env.read_text(encoding="utf-8")).get("child") == token:
                return env.parent
        except (OSError, ValueError, AttributeError):
            continue
    return None


def request_stop(run: Path) -> None:
    """Ask the training to stop after its step, whichever process it is. Raises OSError."""
    RunDir(run).stop.touch()


def is_from_this_machine(record: Mapping[str, Any]) -> bool:
    """Whether a process of this machine wrote `record`. Older versions did not record the host."""
    return record.get("host") in (None, platform.node())


def find_process(record: Mapping[str, Any]) -> psutil.Process | None:
    """The process of this machine that wrote `record` (pid, host, time), if it still runs.

    Systems reuse process ids, but the later process began after `record` was written.
    """
    pid, written = record.get("pid"), record.get("time")
    if not isinstance(pid, int) or not is_from_this_machine(record):
        return None
    try:
        process = psutil.Process(pid)
        began, arguments = process.create_time(), process.cmdline()
    except (psutil.Error, ValueError):  # gone, a zombie, or another user's
        return None
    if isinstance(written, int | float) and began > written + START_TOLERANCE_S:
        return None
    return process if _is_training(arguments) else None


def may_be_training(record: Mapping[str, Any]) -> bool:
    """Whether the process id is alive and, as far as can be seen, trains."""
    try:
        return _is_training(psutil.Process(record["pid"]).cmdline())
    except psutil.AccessDenied:
        return True
    except (psutil.Error, ValueError):
        return False


def _is_training(arguments: Sequence[str]) -> bool:
    return any("train" in argument for argument in arguments)


def kill_tree(process: psutil.Process) -> None:
    """Kill a process and its children, which would otherwise wait for it for ever."""
    processes = [process]
    with suppress(psutil.Error):
        processes += process.children(recursive=True)
    for member in processes:
        with suppress(psutil.Error):
            member.kill()
