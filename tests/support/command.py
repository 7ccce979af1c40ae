"""Console commands as a person types them."""

import importlib
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from tests.support import ROOT

PLAIN = {"NO_COLOR": "1", "COLUMNS": "200"}


class Command:
    """Runs a console command: in this process, or in one of its own, which takes seconds more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, module: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """Call here what `python -m module` calls; stderr has what Python writes there."""
        words = [module, *map(str, arguments)]
        main = importlib.import_module(f"{module}.__main__").main
        stdout, stderr = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        code: object = None
        with (
            chdir(self.folder),
            patch.dict(os.environ, PLAIN),
            patch.object(sys, "argv", words),
            redirect_stdout(stdout),
            redirect_stderr(stderr),
            _no_logging_yet(),
            _interrupts_as_before(),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code
        number = code if isinstance(code, int) else int(code is not None)
        return subprocess.CompletedProcess(words, number, _text(stdout), _text(stderr))

    def process(
        self, module: str, *arguments: object, timeout: float = 300
    ) -> "subprocess.CompletedProcess[str]":
        """For what only a process of its own shows: its imports, signals, threads, memory."""
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=timeout,
            env={**os.environ, "PYTHONPATH": str(ROOT), **PLAIN},
        )


@contextmanager
def _no_logging_yet() -> Iterator[None]:
    """A command sets up logging where nobody did; afterwards it is as the tests have it."""
    loggers = [logging.getLogger(name) for name in (None, "trainer", "ferapp")]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    loggers[0].handlers = []
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.setLevel(level)
            logger.handlers = handlers


@contextmanager
def _interrupts_as_before() -> Iterator[None]:
    """A command lets Ctrl+C end the process it has for itself; here it ends the tests' own."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
