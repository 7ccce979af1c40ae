"""Training processes: start `python -m trainer`, find its run, stop and kill it.

A training outlives the app: `trainer.reports.run_list.run_process` finds it again.
"""

import json
import uuid
from collections.abc import Sequence
from pathlib import Path

from ferapp.runs.child_process import ChildProcess
from trainer.training.run_dir import CHILD_VARIABLE, RunDir


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
        super().__init__("trainer", arguments, runs, {CHILD_VARIABLE: self.token})

    def poll(self) -> int | None:
        """The exit code, None while it runs. Looks for the run's directory until it exists."""
        if self.run is None:
            self.run = find_run_of(self.token, self._runs)
        return super().poll()

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
