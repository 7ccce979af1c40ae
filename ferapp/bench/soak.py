"""`ferapp bench --soak`: a long run of the pipeline with changing source, model and page."""

import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ferapp.bench.live_bench import bench_window, quantile, run_event_loop, wait_until_ready
from ferapp.bench.process_usage import open_file_count, resident_mb, thread_count
from ferapp.live.engine import Engine
from ferapp.sources.heavy_imports import load_opencv
from ferapp.vision.types import Analysis
from trainer.errors import FerError
from trainer.model_index import bundled_models

CHANGE_S = 5.0
SAMPLE_S = 1.0
OPEN_LIMIT_S = 60.0
WARM_UP_S = 240.0  # four rounds through everything; a third of the time when that is less
PAGES = ("Live", "Live", "Train", "Live", "Live", "Inspect", "Live", "Studies")
STILL_FRAMES = (40, 90, 140)  # frames of the source that become pictures


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at one moment; `p95_ms` of the frames painted since the last sample, or NaN."""

    at_s: float
    rss_mb: float
    threads: int  # native ones too
    descriptors: int
    p95_ms: float


@dataclass(frozen=True, slots=True)
class SoakResult:
    """`memory_slope_mb_per_min` is the least-squares slope after the warm-up."""

    minutes: float
    changes: int
    painted: int  # frames
    warm_up_s: float
    memory_slope_mb_per_min: float
    rss_mb: dict[str, float]  # when warm, at the end, at most
    python_threads: dict[str, int]  # when warm and at the end
    threads: dict[str, int]
    descriptors: dict[str, int]
    capture_to_paint_ms: dict[str, float]
    notices: tuple[str, ...]  # of the engine, during the soak
    samples: tuple[Sample, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        def warm_and_end(values: dict[str, int]) -> str:
            return f"{values['warm']} when warm, {values['end']} at the end"

        return "\n".join(
            [
                f"{self.minutes:g} minutes, source, model and page changed {self.changes} times, "
                f"{self.painted} frames painted",
                f"memory             {self.memory_slope_mb_per_min:+.2f} MiB a minute after "
                f"{self.warm_up_s:.0f} s; {self.rss_mb['warm']:.0f} MiB when warm, "
                f"{self.rss_mb['end']:.0f} at the end, {self.rss_mb['most']:.0f} at most",
                f"threads            {warm_and_end(self.threads)}",
                f"Python's threads   {warm_and_end(self.python_threads)}",
                f"descriptors        {warm_and_end(self.descriptors)}",
                f"capture to paint   p50 {self.capture_to_paint_ms['p50']:.1f} ms, "
                f"p95 {self.capture_to_paint_ms['p95']:.1f} ms",
                f"notices            {'; '.join(self.notices) or 'none'}",
            ]
        )


class _TimedEngine(Engine):
    """Records every latency in 4 bytes: a list that grows would look like a leak."""

    latencies = array("f")
    changed_at = 0.0  # on return to the page, the previous frame is painted once more

    def painted(self, analysis: Analysis) -> None:
        super().painted(analysis)
        if analysis.frame.captured_at > self.changed_at:
            self.latencies.append(1000 * (time.perf_counter() - analysis.frame.captured_at))


def run_soak(
    source: str, model: str, device: str, *, minutes: float, fps: float, plot: Path | None = None
) -> SoakResult:
    """Change source, model and page every 5 s; `plot` is a PNG to write.

    Sources are `source` and still pictures of it, models are `model` and the bundled ones.
    Raises FerError when the source or the model cannot be used.
    """
    engine = _TimedEngine(source, model, device, fps)
    engine.latencies = array("f")
    with TemporaryDirectory() as folder, bench_window(engine) as window:
        from ferapp.app import add_pages

        add_pages(window, window.store)
        for page in dict.fromkeys(PAGES):  # made when first shown, with threads of their own
            window.show_page(page)
        window.show_page(PAGES[0])
        wait_until_ready(engine)
        stills = _stills(source, Path(folder))
        for each in (*stills, source):  # the first folder begins the thread of the filmstrip
            window.open_source(each)
            _wait_until_open(engine, each)
        sources = cycle((source, *stills))
        models = cycle(dict.fromkeys((model, *bundled_models())))
        pages = cycle(PAGES)

        def change() -> None:
            window.open_source(next(sources))
            window.load_model(next(models))
            window.show_page(next(pages))
            engine.changed_at = time.perf_counter()

        samples, changes, notices, python = _observe(engine, change, 60 * minutes)
    return _summarise(engine, minutes, samples, changes, notices, python, plot)


def _wait_until_open(engine: Engine, source: str) -> None:
    """Run the event loop until the source plays, and a little longer, so that the page shows it."""
    ends = time.perf_counter() + OPEN_LIMIT_S
    while (status := engine.status().source).opening or status.uri != source:
        if time.perf_counter() > ends:
            raise FerError(f"{source} was not open after {OPEN_LIMIT_S:.0f} s")
        run_event_loop(0.05)
    run_event_loop(SAMPLE_S)


def _observe(
    engine: _TimedEngine, change: Callable[[], None], seconds: float
) -> tuple[list[Sample], int, list[str], list[int]]:
    """Samples, the number of changes, notices, and Python's threads at each sample."""
    samples: list[Sample] = []
    notices: dict[str, None] = {}
    python: list[int] = []
    began = time.perf_counter()
    changes, sampled = 0, len(engine.latencies)
    while (now := time.perf_counter() - began) < seconds:
        if now >= changes * CHANGE_S:
            change()
            changes += 1
        run_event_loop(SAMPLE_S)
        new, sampled = engine.latencies[sampled:], len(engine.latencies)
        status = engine.status()
        for notice in (status.source.notice, status.model.notice, status.analysis_notice):
            if notice:
                notices[notice] = None
        python.append(threading.active_count())
        samples.append(
            Sample(
                round(time.perf_counter() - began, 2),
                round(resident_mb(), 2),
                thread_count(),
                open_file_count(),
                round(float(np.percentile(new, 95)), 1) if new else float("nan"),
            )
        )
    return samples, changes, list(notices), python


def _summarise(
    engine: _TimedEngine,
    minutes: float,
    samples: list[Sample],
    changes: int,
    notices: list[str],
    python: list[int],
    plot: Path | None,
) -> SoakResult:
    warm_up = min(WARM_UP_S, 60 * minutes / 3)
    start = next(k for k, sample in enumerate(samples) if sample.at_s >= warm_up)
    warm = samples[start:]
    times = np.array([sample.at_s for sample in warm])
    memory = np.array([sample.rss_mb for sample in warm])
    slope, offset = np.polyfit(times, memory, 1) if len(warm) > 1 else (0.0, memory[0])
    latencies = list(engine.latencies)
    result = SoakResult(
        minutes=minutes,
        changes=changes,
        painted=len(latencies),
        warm_up_s=warm_up,
        memory_slope_mb_per_min=round(60 * float(slope), 3),
        rss_mb={"warm": memory[0], "end": memory[-1], "most": max(s.rss_mb for s in samples)},
        python_threads={"warm": python[start], "end": python[-1]},
        threads={"warm": warm[0].threads, "end": warm[-1].threads},
        descriptors={"warm": warm[0].descriptors, "end": warm[-1].descriptors},
        capture_to_paint_ms={"p50": quantile(latencies, 50), "p95": quantile(latencies, 95)},
        notices=tuple(notices),
        samples=tuple(samples),
    )
    if plot is not None:
        _draw(result, float(offset), plot)
    return result


def _draw(result: SoakResult, offset: float, path: Path) -> None:
    from matplotlib.figure import Figure

    from trainer.reports.figures import COLOURS, FAINT, save_figure, style_axes

    minutes = [sample.at_s / 60 for sample in result.samples]
    figure = Figure(figsize=(7, 6), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True)
    top.plot(minutes, [s.rss_mb for s in result.samples], color=COLOURS[0], linewidth=1.2)
    ends = np.array([result.warm_up_s / 60, minutes[-1]])
    line = offset + result.memory_slope_mb_per_min * ends
    top.plot(ends, line, "--", color=COLOURS[1], linewidth=1.6)
    style_axes(
        top,
        f"resident memory, MiB: {result.memory_slope_mb_per_min:+.2f} a minute when warm (dashed)",
    )
    middle.plot(minutes, [s.threads for s in result.samples], color=COLOURS[0], linewidth=1.2)
    middle.plot(minutes, [s.descriptors for s in result.samples], color=COLOURS[2], linewidth=1.2)
    middle.legend(["threads", "open files"], frameon=False, fontsize=8, loc="center right")
    style_axes(middle, "threads and open files")
    bottom.plot(minutes, [s.p95_ms for s in result.samples], ".", color=COLOURS[0], markersize=3)
    style_axes(bottom, "capture to paint, p95 of each second on the live page, ms")
    for axes in (top, middle, bottom):
        axes.margins(y=0.08)
        axes.set_ylim(bottom=0)
    bottom.set_xlabel("minutes; source, model and page change every 5 s", color=FAINT)
    save_figure(figure, path)


def _stills(source: str, folder: Path) -> tuple[str, str]:
    """A picture and a folder of pictures, from frames of the source."""
    load_opencv()
    import cv2

    from ferapp.sources.uri import open_source

    stream, pictures = open_source(source), folder / "pictures"
    pictures.mkdir()
    try:
        for number in range(max(STILL_FRAMES) + 1):
            frame = stream.read()
            if frame is None:
                break
            if number in STILL_FRAMES:
                cv2.imwrite(str(pictures / f"{number}.png"), frame.image)
    finally:
        stream.close()
    files = sorted(pictures.iterdir())
    if not files:
        raise FerError(f"{source}: too short for a soak", "Use a video of ten seconds or more.")
    return str(files[0]), str(pictures)
