"""A study in a process of its own: `ferapp analyze SOURCE… --out DIR`, paused and continued."""

import os
import shlex
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ferapp.runs.child_process import WINDOWS, ChildProcess, kill_tree
from ferapp.studies.study_record import StudyRecord
from trainer.plugin import loaded_plugins


@dataclass(frozen=True, slots=True)
class StudyChoice:
    """What a study is started with, as the options of `ferapp analyze` name it."""

    sources: tuple[str, ...]
    out: Path
    model: str = "default"
    prior: str = "trained"
    jobs: str = "auto"
    manifest: str = ""
    anonymise: str = ""  # of the report's pictures: blur, mask or mesh; "" shows faces

    @property
    def arguments(self) -> list[str]:
        """The arguments after `ferapp`; what is as by default is left out."""
        arguments = ["analyze", *self.sources, "--out", str(self.out)]
        for option, value, default in (
            ("--model", self.model, "default"),
            ("--prior", self.prior, "trained"),
            ("--jobs", self.jobs, "auto"),
            ("--manifest", self.manifest, ""),
            ("--anonymise", self.anonymise, ""),
        ):
            if value != default:
                arguments += [option, value]
        for plugin in loaded_plugins():  # which may have registered the model
            arguments += ["--plugin", str(plugin)]
        return arguments


class StudyProcess(ChildProcess):
    """A study that this window started or continued; `out` is its folder."""

    def __init__(self, arguments: Sequence[str], out: Path, cwd: Path | None = None) -> None:
        self.out = out
        self.is_stopping = False
        super().__init__("ferapp", arguments, Path(tempfile.gettempdir()), cwd=cwd)

    def stop(self) -> None:
        """Ask it to end in order: finished tables stay, the others begin anew the next time.

        Windows sends no signal to a process without a console: there it is killed, which loses no
        more, because tables get their names only when they are finished.
        """
        self.is_stopping = True
        if self.poll() is not None:
            return
        if WINDOWS:
            kill_tree(psutil.Process(self.pid))
        else:
            # SIGTERM ends it as SIGINT does, which children of a background job ignore
            os.kill(self.pid, signal.SIGTERM)


def resume_study(record: StudyRecord, out: Path) -> StudyProcess:
    """Run the command that the study was started with again: it continues. Raises OSError."""
    cwd = Path(record.cwd) if record.cwd else None
    return StudyProcess(shlex.split(record.command)[1:], out, cwd)
