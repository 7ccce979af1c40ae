"""How far a long command is: a bar on a terminal, now and then a line elsewhere; on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from trainer.cli.printing import notices

LINE_S = 30.0


@contextmanager
def frames_progress(
    total: int, before: int = 0, console: Console = notices, line_s: float = LINE_S
) -> Iterator[Callable[[int], None]]:
    """`report(done)` after each frame; `total` 0 is not known, `before` were done already."""
    began = told_at = time.perf_counter()
    bar = Progress(
        BarColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=total or None)

    def report(done: int) -> None:
        nonlocal told_at
        now = time.perf_counter()
        words = progress_words(done, total, now - began, before)
        bar.update(task, completed=done, description=words)
        if not console.is_terminal and now - told_at >= line_s:
            told_at = now
            console.print(words, soft_wrap=True)

    with bar:
        yield report


def progress_words(done: int, total: int, seconds: float, before: int = 0) -> str:
    """`120 of 480 frames, 25 %, 30.0 a second, 0:12 left`; the pace without those `before`."""
    rate = (done - before) / seconds if seconds > 0 else 0.0
    pace = f"{rate:.1f} a second"
    if not total:
        return f"{done} frames, {pace}"
    words = f"{done} of {total} frames, {100 * done // total} %, {pace}"
    return f"{words}, {_clock((total - done) / rate)} left" if rate else words


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
