"""What all commands share: errors as one message, exit codes, tables, progress, JSON."""

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from trainer.errors import FerError, explain_resource_error

notices = Console(stderr=True, highlight=False)


def run_app(app: typer.Typer) -> None:
    """Run a command line: 0 done, 1 failed, 2 wrong usage, 130 stopped by the user."""
    logging.basicConfig(  # other packages: warnings only
        level=logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=notices, show_time=False, show_path=False, show_level=False)],
    )
    for package in ("trainer", "ferapp"):
        logging.getLogger(package).setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        # Windows encodes files and pipes in a code page without α and →
        if isinstance(stream, io.TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
    try:
        app()
    except FerError as error:
        notices.print(f"[bold red]Error:[/] {_escaped(error)}", soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        notices.print("Stopped.")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        explanation = explain_resource_error(error)
        if explanation is None:
            raise
        notices.print(f"[bold red]Error:[/] {_escaped(explanation)}", soft_wrap=True)
        sys.exit(explanation.exit_code)


def print_json(value: Any) -> None:
    """One JSON object as the last line of stdout."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; plain, untruncated text when stdout is not a terminal."""
    if not sys.stdout.isatty():
        widths = [max(len(row[index]) for row in [columns, *rows]) for index in range(len(columns))]
        for row in [columns, *rows]:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join(cells).rstrip())
        return
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
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


def _escaped(error: FerError) -> str:
    return str(error).replace("[", r"\[")
