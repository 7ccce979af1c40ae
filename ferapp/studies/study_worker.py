"""One source of a study into its table, in a process that may be killed at any moment.

Light to import: a worker process loads the rest when it has its first source.
"""

import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.study_record import StudySource, append_events
from trainer.errors import FerError, error_text, explain_resource_error
from trainer.files import replace_file

EVENT_S = 1.0  # between two events of a running source


@dataclass(frozen=True, slots=True)
class StudyTask:
    """What a worker is sent. `events` is a folder that exists as long as the study runs."""

    source: StudySource
    out: Path
    settings: AnalysisSettings
    threads: int  # of torch
    events: Path
    parquet: bool = False
    plugins: tuple[Path, ...] = ()  # that the study's own process has run

    @property
    def table(self) -> Path:
        return self.out / self.source.table


class _StudyEnded(Exception):
    """Nobody waits for this source any more."""


def ignore_interrupts() -> None:
    """Ctrl+C reaches all processes of a terminal: the study's own ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def analyze_study_source(task: StudyTask) -> None:
    """Write the table, and say so in the events; what fails is told there and not raised."""
    name = task.source.name
    writer = f"{platform.node()}-{os.getpid()}-{threading.get_ident()}.jsonl"
    tell = partial(_tell, task.events / writer, name)
    try:
        tell(state="running", frames=0, total=0)
        frames, total, ms = _write_table(task, tell)
        tell(state="done", frames=frames, total=total, ms_per_frame=ms)
    except _StudyEnded:
        return
    except Exception as error:
        reason = error_text(explain_resource_error(error) or error)
        if not isinstance(error, FerError):
            reason = f"{reason} (unexpected: please report it)"
        _remove_partial(task.table)
        tell(state="failed", reason=" ".join(reason.split()))


def _tell(file: Path, source: str, **event: object) -> None:
    """Every writer has a file of its own: appends of several processes would mix elsewhere."""
    try:
        append_events(file, [{"source": source, **event}])
    except OSError as error:
        raise _StudyEnded from error


def _write_table(task: StudyTask, tell: Callable[..., None]) -> tuple[int, int, float]:
    """Analyse from the beginning, so that the table equals one that nothing interrupted.

    Returns the frames, how many were announced, and the milliseconds of each.
    """
    from ferapp.sources.heavy_imports import load_torch

    load_torch()
    import torch

    from ferapp.studies.output_note import OutputNote
    from ferapp.studies.single_source import analyze_source
    from trainer.plugin import load_plugin

    torch.set_num_threads(task.threads)
    for plugin in task.plugins:
        load_plugin(plugin)
    final, total = task.table, 0
    final.parent.mkdir(parents=True, exist_ok=True)
    partial_table = partial_file(final)

    @contextmanager
    def progress(announced: int, _: int) -> Iterator[Callable[[int], None]]:
        nonlocal total
        total = announced
        began = told = time.perf_counter()

        def report(done: int) -> None:
            nonlocal told
            now = time.perf_counter()
            if now - told >= EVENT_S:
                told = now
                ms = round(1000 * (now - began) / done, 1)
                tell(state="running", frames=done, total=announced, ms_per_frame=ms)

        yield report

    summary = analyze_source(
        task.source.source,
        partial_table,
        task.settings,
        overwrite=True,
        progress=progress,
        notify=lambda _: None,  # the note has it
    )
    transforms = task.settings.transforms
    if transforms:
        from ferapp.studies.table_transforms import transform_file  # brings pandas

        transform_file(partial_table, transforms, Path(task.source.source))
    note = OutputNote(partial_table)
    note.set_finished(True, max_frames=task.settings.max_frames)
    was_there = final.exists()
    final.unlink(missing_ok=True)  # first: an old table never has a new note
    replace_file(note.path, OutputNote(final).path)
    replace_file(partial_table, final)
    if task.parquet:
        write_parquet(final)
    elif was_there:
        parquet_file(final).unlink(missing_ok=True)  # of the old table
    ms = 1000 * summary.seconds / max(1, summary.analysed)
    return summary.frames, total or summary.frames, round(ms, 1)


def partial_file(table: Path) -> Path:
    """Where a table is while it is not finished."""
    return table.with_name(f".{table.name}.partial")


def parquet_file(table: Path) -> Path:
    return table.with_suffix(".parquet")


def write_parquet(table: Path) -> None:
    """The same table, with numbers as numbers, beside it. Raises OSError."""
    from ferapp.studies.table_transforms import read_table  # brings pandas

    unfinished = partial_file(parquet_file(table))
    read_table(table).to_parquet(unfinished, index=False)
    replace_file(unfinished, parquet_file(table))


def _remove_partial(table: Path) -> None:
    from ferapp.studies.output_note import OutputNote

    unfinished = partial_file(table)
    for file in (unfinished, OutputNote(unfinished).path):
        file.unlink(missing_ok=True)
