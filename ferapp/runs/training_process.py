"""The training child: `python -m trainer train` as a process of its own, which outlives the app."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from ferapp.runs.run_processes import end
from trainer.training.run_dir import CHILD_VARIABLE, RunDir

WINDOWS = os.name == "nt"


def command(recipe: str, data: Path, name: str, sets: Sequence[str], runs: Path) -> list[str]:
    """The arguments after `fertrain` that train so."""
    arguments = ["train", "--recipe", recipe, "--data", str(data), "--name", name]
    for each in sets:
        arguments += ["--set", each]
    return [*arguments, "--runs", str(runs)]


def as_typed(words: Sequence[str]) -> str:
    """A command as a line for this system's terminal, with its quotes."""
    return subprocess.list2cmdline(words) if WINDOWS else shlex.join(words)


def resume_command(run: Path) -> list[str]:
    return ["resume", str(run)]


class TrainingChild:
    """A process that trains. `run` is its directory once it made one; `stopped` that it was ended
    before that because it was asked to stop.

    It has a session of its own, and on Windows a console: closing the app, or Ctrl+C in its
    terminal, leaves it alone.
    """

    def __init__(self, arguments: Sequence[str], runs: Path, run: Path | None = None) -> None:
        runs.mkdir(parents=True, exist_ok=True)
        self._runs, self.run = runs, run
        # not by its number: on Windows an environment's Python starts another one
        self._token = uuid.uuid4().hex
        if run is not None:
            RunDir(run).stop.unlink(missing_ok=True)  # of what went before
        self.stopped = False
        self.began = time.monotonic()
        # what it prints: a file of its own beside the runs, until its end was seen
        handle, name = tempfile.mkstemp(prefix=".output-", suffix=".log", dir=runs)
        self._output, self._printed = Path(name), ""
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
        """The exit code once it ended. Looks for the run directory meanwhile."""
        if self.run is None:
            self.run = find_run_of(self._token, self._runs)
        code = self._process.poll()
        if code is not None:
            self._take_output()
        return code

    def stop(self) -> None:
        """After the current step, with everything saved; before it made its run, at once.

        Raises OSError where the run's folder cannot be written.
        """
        if self.poll() is not None:
            return
        if self.run is None:
            self.stopped = True
            self.kill()
        else:
            ask_to_stop(self.run)

    def kill(self) -> None:
        """At once and whatever it does, and wait until it is gone."""
        if self._process.poll() is None:
            end(psutil.Process(self.pid))
        self._process.wait()
        self._take_output()

    def wait(self, seconds: float) -> None:
        """Until it ended. Raises subprocess.TimeoutExpired."""
        self._process.wait(seconds)
        self._take_output()

    def leave(self) -> None:
        """It goes on without us."""
        self._process.returncode = self._process.poll() or 0  # else its end would be missed
        with suppress(OSError):  # Windows keeps what is being written
            self._output.unlink(missing_ok=True)

    def words(self) -> str:
        """The end of what it printed: the reason when it failed."""
        text = self._printed or self._read_output()
        lines = [line for line in text.replace("\r", "\n").split("\n") if line.strip()]
        start = next((i for i, line in enumerate(lines) if line.startswith("Error:")), -12)
        return "\n".join(lines[start:])

    def _take_output(self) -> None:
        """What an ended process printed is kept here alone."""
        self._printed = self._printed or self._read_output()
        with suppress(OSError):
            self._output.unlink(missing_ok=True)

    def _read_output(self) -> str:
        try:
            return self._output.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def find_run_of(child: str, runs: Path) -> Path | None:
    """The run directory that a child made."""
    for folder in sorted(runs.glob("*/env.json"), reverse=True):
        try:
            if json.loads(folder.read_text(encoding="utf-8")).get("child") == child:
                return folder.parent
        except (OSError, ValueError, AttributeError):
            continue
    return None


def ask_to_stop(run: Path) -> None:
    """After its step, with everything saved, whichever process trains it. Raises OSError."""
    RunDir(run).stop.touch()
