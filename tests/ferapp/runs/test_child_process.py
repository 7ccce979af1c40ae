"""Processes that the window starts: killing them."""

import subprocess
import sys

import psutil

from ferapp.runs.child_process import kill_tree


def test_killing_a_process_kills_its_children() -> None:
    starts_child = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', "
        "'import sys; sys.stdin.read()'], stdin=subprocess.PIPE); "
        "print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", starts_child], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        kill_tree(psutil.Process(process.pid))
        assert process.stdout.read() == b""  # the end of the file, once both are gone
