"""Training processes: start `python -m trainer`, find its run, stop and kill it.

A training outlives the app: `trainer.reports.run_list.run_process` finds it again.
"""

import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from ferapp.runs.child_process import ChildProcess
from trainer.errors import DataError
from trainer.training.event_log import parse_event, read_events
from trainer.training.run_dir import CHILD_VARIABLE, RunDir

TAIL_BYTES = 8192  # of a log, more than its last event takes


def train_arguments(
    recipe: str, data: Path, name: str, settings: Sequence[str], runs: Path
) -> list[str]:
    """The arguments after `fertrain`; each of `settings` is a `section.field=value`."""
    arguments = ["train", "--recipe", recipe, "--data", str(data), "--name", name]
    for setting in settings:
        arguments += ["--set", setting]
    return [*arguments, "--runs", str(runs)]


def config_arguments(config: Path, data: str, name: str, runs: Path) -> list[str]:
    """As `train_arguments`, with a whole configuration, in a file as a run's `config.json`."""
    arguments = ["train", "--config", str(config), "--data", data, "--name", name]
    return [*arguments, "--runs", str(runs)]


def resume_arguments(run: Path) -> list[str]:
    return ["resume", str(run)]


class TrainingProcess(ChildProcess):
    """A training that this app started. `run` is its directory as soon as that exists.

    `token`, of which there is one for each start, marks the run's files as those of this process.
    `was_killed_early` says that it was stopped before then.
    """

    def __init__(
        self, arguments: Sequence[str], runs: Path, run: Path | None = None, token: str = ""
    ) -> None:
        runs.mkdir(parents=True, exist_ok=True)
        self._runs, self.run = runs, run
        # the pid does not identify it: on Windows a virtual environment's Python starts another
        self.token = token or uuid.uuid4().hex
        if run is not None:
            RunDir(run).stop.unlink(missing_ok=True)  # an old request to stop
        self.was_killed_early = False
        self._launched_at = time.time()
        super().__init__("trainer", arguments, runs, {CHILD_VARIABLE: self.token})

    def poll(self) -> int | None:
        """The exit code, None while it runs. Looks for the run's directory until it exists."""
        if self.run is None:
            self.run = find_run_of(self.token, self._runs)
        return super().poll()

    @property
    def is_training(self) -> bool:
        """Whether there is something left to train.

        After the last event of its run the process takes a moment to end: torch and its workers
        close down.
        """
        if self.poll() is not None:
            return False
        return self.run is None or not _ended_since(RunDir(self.run), self._launched_at)

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


class RateSearch(ChildProcess):
    """A search for a learning rate: `fertrain find-rate`, of which nothing is kept."""

    def __init__(self, recipe: str, data: Path, settings: Sequence[str]) -> None:
        """`settings` as of `train_arguments`. Raises OSError when it cannot be started."""
        self._folder = Path(tempfile.mkdtemp(prefix="ferapp-rate-"))
        self._log = self._folder / "steps.jsonl"
        arguments = ["find-rate", "--recipe", recipe, "--data", str(data), "--log", str(self._log)]
        for setting in settings:
            arguments += ["--set", setting]
        # what a killed process leaves behind goes with the folder
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._folder))
        super().__init__("trainer", arguments, self._folder, temporary)

    def steps(self) -> tuple[list[float], list[float]]:
        """The learning rates so far, and the loss at each."""
        try:
            steps = read_events(self._log)
        except DataError:  # it has not begun
            return [], []
        return [step["rate"] for step in steps], [step["loss"] for step in steps]

    def close(self) -> None:
        """Kill it where it still runs, and remove what it wrote."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def _ended_since(run: RunDir, moment: float) -> bool:
    """Whether a run's newest event says that it has ended after this moment, in s since 1970."""
    try:
        with run.events.open("rb") as stream:
            stream.seek(max(0, run.events.stat().st_size - TAIL_BYTES))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return False
    event = parse_event(lines[-1]) if lines else None
    if event is None or event.get("event") != "run_ended":
        return False
    return float(event.get("time", moment)) >= moment


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
