"""Signals that end a command: the first in order, the second at once."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tests.support import ROOT
from trainer.cli.printing import run_app
from trainer.stop_signals import NUMBERS, Stopped, signals_go_to

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture
def hangup_is_heard() -> Iterator[None]:
    """Under nohup, SIGHUP is ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", EXIT_CODES)
@pytest.mark.usefixtures("hangup_is_heard")
def test_a_signal_ends_a_command_with_its_exit_code(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, cleaned = typer.Typer(), list[str]()

    @app.command()
    def work() -> None:
        try:
            signal.raise_signal(number)
            signal.pause()
        finally:
            cleaned.append("up")

    before = [signal.getsignal(each) for each in NUMBERS]
    monkeypatch.setattr(sys, "argv", ["work"])
    with pytest.raises(SystemExit) as ended:
        run_app(app)
    assert ended.value.code == EXIT_CODES[number]  # type: ignore[index]
    assert cleaned == ["up"]
    assert [signal.getsignal(each) for each in NUMBERS] == before


def test_the_second_signal_ends_a_command_at_once() -> None:
    """Even where the first is being waited for, or was swallowed."""
    script = (
        "import signal, sys, typer\n"
        "from trainer.cli.printing import run_app\n"
        "from trainer.stop_signals import signals_go_to\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def work() -> None:\n"
        "    with signals_go_to(print):\n"
        "        signal.raise_signal(signal.SIGTERM)\n"
        "        sys.stdout.flush()\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        "        print('never')\n"
        "run_app(app)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (130, f"{int(signal.SIGTERM)}\n"), done.stderr


def test_outside_a_command_two_signals_end_nothing() -> None:
    """A notebook goes on after two interrupts."""
    received: list[int] = []
    with signals_go_to(received.append):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    assert received == [signal.SIGINT, signal.SIGINT]


def test_ignored_signals_stay_ignored() -> None:
    """Under nohup a log-out ends nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        received: list[int] = []
        with signals_go_to(received.append):
            signal.raise_signal(signal.SIGHUP)
        assert received == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_than_the_main_one_works_without_signals() -> None:
    ended: list[str] = []

    def work() -> None:
        with signals_go_to(lambda _: None):
            ended.append("worked")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == ["worked"]
    assert issubclass(Stopped, KeyboardInterrupt)


def run_script(script: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"},
        timeout=120,
    )


def test_a_command_ends_without_a_thread_that_hangs() -> None:
    """At once, with its exit code and all it printed, though such a thread never ends."""
    done = run_script(
        "import atexit, threading, typer\n"
        "from trainer.cli.printing import run_app\n"
        "from trainer.stop_signals import leave_behind\n"
        "app = typer.Typer()\n"
        "@app.command()\n"
        "def work() -> None:\n"
        "    thread = threading.Thread(target=threading.Event().wait, daemon=True)\n"
        "    thread.start()\n"
        "    leave_behind(thread)\n"
        "    atexit.register(print, 'the interpreter was taken apart')\n"
        "    print('printed')\n"
        "    raise typer.Exit(143)\n"
        "run_app(app)\n"
    )
    assert (done.returncode, done.stdout) == (143, "printed\n"), done.stderr


@pytest.mark.parametrize("module", ["ferapp", "trainer"])
def test_ctrl_c_while_a_command_is_being_imported_prints_no_traceback(module: str) -> None:
    """Also where Python's handler, which would print one, was there before."""
    package = {"ferapp": "ferapp.cli.command_line", "trainer": "trainer.cli.commands"}[module]
    done = run_script(
        "import runpy, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {package!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n"
    )
    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


@pytest.mark.parametrize("module", ["ferapp", "trainer"])
def test_a_deleted_working_folder_is_said_in_words(module: str, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = run_script(
        "import os, runpy, sys\n"
        "os.rmdir(os.getcwd())\n"
        f"sys.argv = [{module!r}, 'analyze', 'demo']\n"
        f"runpy.run_module({module!r}, run_name='__main__')\n",
        gone,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "Error: The folder that this command was started in was deleted.\n"
        "Change into one that exists, for example with `cd`, and run the command again.\n"
    )
