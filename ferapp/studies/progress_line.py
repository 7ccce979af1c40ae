"""Progress of a long command on stderr: a bar on a terminal, a line now and then elsewhere."""

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
    """`report(done)` after each frame; `total` 0 is unknown, `before` frames were done earlier."""
    began = printed_at = time.perf_counter()
    bar = Progress(
        BarColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=total or None)

    def report(done: int) -> None:
        nonlocal printed_at
        now = time.perf_counter()
        text = progress_text(done, total, now - began, before)
        bar.update(task, completed=done, description=text)
        if not console.is_terminal and now - printed_at >= line_s:
            printed_at = now
            console.print(text, soft_wrap=True)

    with bar:
        yield report


def progress_text(done: int, total: int, seconds: float, before: int = 0) -> str:
    """`120 of 480 frames, 25 %, 30.0 a second, 0:12 left`; the rate leaves out those `before`."""
    rate = (done - before) / seconds if seconds > 0 else 0.0
    rate_text = f"{rate:.1f} a second"
    if not total:
        return f"{done} frames, {rate_text}"
    text = f"{done} of {total} frames, {100 * done // total} %, {rate_text}"
    return f"{text}, {clock((total - done) / rate)} left" if rate else text


def clock(seconds: float) -> str:
    """1:05, or 2:00:09."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
