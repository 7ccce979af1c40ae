"""How far a study is, on stderr: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from ferapp.studies.progress_line import LINE_S, clock
from ferapp.studies.study_record import StudyProgress
from trainer.cli.printing import notices

ENDED = ("done", "failed")


@contextmanager
def study_display(
    todo: int, console: Console = notices, line_s: float = LINE_S
) -> Iterator[Callable[[StudyProgress], None]]:
    """`show(progress)` as often as it changes; `todo` sources are to be analysed.

    What fails is told at once.
    """
    began = printed_at = time.perf_counter()
    told: set[str] = set()
    bar = Progress(
        BarColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=1.0)

    def show(progress: StudyProgress) -> None:
        nonlocal printed_at
        now = time.perf_counter()
        for name, source in list(progress.sources.items()):
            if source.state == "failed" and name not in told:
                told.add(name)
                console.print(f"Failed: {name}: {source.reason}", soft_wrap=True)
        text = study_text(progress, todo, now - began)
        bar.update(task, completed=fraction_done(progress, todo), description=text)
        if not console.is_terminal and now - printed_at >= line_s:
            printed_at = now
            console.print(text, soft_wrap=True)

    with bar:
        yield show


def fraction_done(progress: StudyProgress, todo: int) -> float:
    """Of the sources to analyse, with the part of each that runs; all count alike."""
    done = 0.0
    for source in progress.sources.values():
        if source.state in ENDED:
            done += 1
        elif source.state == "running" and source.total:
            done += min(1.0, source.frames / source.total)
    return done / todo if todo else 1.0


def study_text(progress: StudyProgress, todo: int, seconds: float) -> str:
    """`3 of 12 files, 1 failed, 1800 frames, 6.1 ms a frame, about 1:20 left`."""
    states: list[str] = [source.state for source in progress.sources.values()]
    ended = sum(states.count(state) for state in ENDED)
    frames = sum(s.frames for s in progress.sources.values() if s.state not in ("unchanged",))
    parts = [f"{ended} of {todo} {'file' if todo == 1 else 'files'}"]
    if "failed" in states:
        parts.append(f"{states.count('failed')} failed")
    parts.append("1 frame" if frames == 1 else f"{frames} frames")
    if frames:
        parts.append(f"{1000 * seconds / frames:.1f} ms a frame")
    done = fraction_done(progress, todo)
    if 0 < done < 1:
        parts.append(f"about {clock(seconds * (1 - done) / done)} left")
    return ", ".join(parts)
