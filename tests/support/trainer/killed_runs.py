"""Trains in forks, each killed at a call that is counted to.

For a line "FOLDER MOMENT" of standard input it answers with one of standard output: the number
of the signal that ended the run made in that folder, or 0. MOMENT 0 is never: then it answers
with the number of calls that the whole run makes.
"""

import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

import torch._dynamo  # noqa: F401  what training loads only when it needs it

from tests.support.trainer import plain_runs

calls = 0


def train_until(folder: Path, moment: int) -> None:
    def count(_: FrameType, event: str, __: object) -> None:
        global calls
        if event in ("call", "c_call"):
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    plain_runs.go(plain_runs.begin(folder))
    sys.setprofile(None)


def in_fork(folder: Path, moment: int) -> int:
    """The run's calls, or the signal that ended it, negative."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            train_until(folder, moment)
            os.write(writing, str(calls).encode())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as stream:
        counted = stream.read()
    code = os.waitstatus_to_exitcode(status)
    return int(counted) if code == 0 else code


if __name__ == "__main__":
    for line in sys.stdin:
        place, when = line.rsplit(" ", 1)
        print(in_fork(Path(place), int(when)), flush=True)
