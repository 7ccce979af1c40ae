"""What all commands share: errors as one message, exit codes, tables, progress, JSON."""

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from trainer.errors import FerError, RunStopped, explain_resource_error
from trainer.files import json_text
from trainer.memory import Need, check_room
from trainer.shown_text import shown_name, shown_text
from trainer.stop_signals import ends_without_hanging_threads, exit_code, stopped_by_signals

INTERRUPTED = 130


class _Notices(Console):
    """Notices name files that others made: nothing in a text is taken for markup or obeyed."""

    def __init__(self) -> None:
        super().__init__(stderr=True, highlight=False, markup=False)

    def print(self, *texts: Any, **options: Any) -> None:
        shown = (shown_text(text) if isinstance(text, str) else text for text in texts)
        super().print(*shown, **options)


class _ShownFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return shown_text(super().format(record))


notices = _Notices()


def run_app(app: typer.Typer) -> None:
    """Run a command line: 0 done, 1 failed, 2 wrong usage; stopped 130, by SIGTERM 143, SIGHUP 129.

    A second Ctrl+C ends it at once.
    """
    _prepare_output()
    with ends_without_hanging_threads():
        _run(app)


def _run(app: typer.Typer) -> None:
    try:
        with stopped_by_signals():
            _check_working_folder()
            app()
    except RunStopped as stop:
        _end(stop, exit_code(), "Stopped")
    except FerError as error:
        _end(error, error.exit_code)
    except KeyboardInterrupt:
        notices.print("Stopped.")
        sys.exit(exit_code())
    except SystemExit as end:
        if end.code == INTERRUPTED:  # Typer's, whichever signal it was
            end.code = exit_code()
        raise
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        explanation = explain_resource_error(error)
        if explanation is None:
            raise
        _end(explanation, explanation.exit_code)


def _check_working_folder() -> None:
    """Raise FerError where it was deleted: libraries that look at it would end the process."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise FerError(
            "The folder that this command was started in was deleted.",
            "Change into one that exists, for example with `cd`, and run the command again.",
        ) from error


def warn_of_little_room(task: str, need: Need) -> None:
    """Raise FerError where `task` cannot work for lack of memory; warn where it is tight."""
    warn(check_room(task, need))


def warn(warning: str) -> None:
    """Print a warning, unless it is empty."""
    if warning:
        notices.print(Text.assemble(("Warning:", "bold yellow"), f" {warning}"), soft_wrap=True)


def _end(error: FerError, code: int, title: str = "Error") -> NoReturn:
    notices.print(Text.assemble((f"{title}:", "bold red"), f" {error}"), soft_wrap=True)
    sys.exit(code)


def _prepare_output() -> None:
    handler = RichHandler(console=notices, show_time=False, show_path=False, show_level=False)
    handler.setFormatter(_ShownFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])  # other packages: warnings only
    for package in ("trainer", "ferapp"):
        logging.getLogger(package).setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name is no reason to fail
            # Windows encodes files and pipes in a code page without α and →
            if not stream.isatty():
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def print_json(value: Any) -> None:
    """One JSON object as the last line of stdout."""
    print(json_text(value), flush=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; plain, untruncated text when stdout is not a terminal."""
    rows = [[shown_name(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
        for row in [columns, *rows]:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())
        return
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """Yields `report(stage, done, total)`, which shows a bar per stage on stderr."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=notices) as progress:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield report
