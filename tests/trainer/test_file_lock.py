"""One writer at a time, however the one before ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trainer.errors import UsageError
from trainer.file_lock import lock_file, only_writer

REFUSAL = UsageError("taken")
HOLDER = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from trainer.errors import UsageError\n"
    "from trainer.file_lock import only_writer\n"
    "with only_writer(Path(sys.argv[1]), UsageError('taken')):\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.read()\n"
)


@contextmanager
def another_writer(path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that writes `path` until it is ended."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            yield holder
        finally:
            holder.kill()


def test_the_second_writer_is_refused_and_a_killed_one_keeps_nobody_out(tmp_path: Path) -> None:
    file = tmp_path / "faces.csv"
    with another_writer(file) as holder:
        with pytest.raises(UsageError, match="taken"), only_writer(file, REFUSAL):
            raise AssertionError("both write")
        with only_writer(tmp_path / "other.csv", REFUSAL):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert lock_file(file).is_file()  # left behind
        with only_writer(file, REFUSAL):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_link_and_its_target_are_one_file(tmp_path: Path) -> None:
    file, link = tmp_path / "faces.csv", tmp_path / "link.csv"
    link.symlink_to(file)
    with (
        only_writer(file, REFUSAL),
        pytest.raises(UsageError, match="taken"),
        only_writer(link, REFUSAL),
    ):
        raise AssertionError("both write")


@pytest.mark.parametrize("path", [os.devnull, "/nowhere/faces.csv"])
def test_where_no_lock_can_be_nothing_is_locked(path: str) -> None:
    with only_writer(Path(path), REFUSAL), only_writer(Path(path), REFUSAL):
        assert not lock_file(Path(path)).exists()
