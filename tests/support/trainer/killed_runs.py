"""Trains in forked processes that kill themselves at their n-th function call.

For each line "FOLDER N" of standard input, a run is trained in that folder and one line is written
to standard output: the negative number of the signal that ended the run, or its number of calls
when it was not killed; with N = 0 it never is.
"""

import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

import torch._dynamo  # noqa: F401  which training would import on use

from tests.support.trainer import plain_runs

calls = 0


def train_and_kill(folder: Path, moment: int) -> None:
    def count(_: FrameType, event: str, __: object) -> None:
        global calls
        if event in ("call", "c_call"):
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    plain_runs.train_run(plain_runs.new_run(folder))
    sys.setprofile(None)


def train_in_fork(folder: Path, moment: int) -> int:
    """The number of calls of the run, or the negative signal that ended it."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            train_and_kill(folder, moment)
            os.write(write_end, str(calls).encode())
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(write_end)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(read_end, "rb") as stream:
        output = stream.read()
    code = os.waitstatus_to_exitcode(status)
    return int(output) if code == 0 else code


if __name__ == "__main__":
    for line in sys.stdin:
        name, when = line.rsplit(" ", 1)
        print(train_in_fork(Path(name), int(when)), flush=True)
