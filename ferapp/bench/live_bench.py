"""`ferapp bench`: the real pipeline in a real window, offscreen."""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from ferapp.bench.process_usage import process_age_s, resident_mb
from ferapp.live.engine import Engine, EngineParts
from ferapp.live.status import ModelState
from ferapp.sources.base import FrameSource
from ferapp.sources.heavy_imports import load_opencv
from ferapp.ui.shell.quit_signals import quit_signals
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window import MainWindow
from ferapp.vision.analysis_options import DEFAULT_FACES
from ferapp.vision.types import Analysis, Face
from trainer.errors import FerError
from trainer.stop_signals import Stopped

WARM_UP_S = 3.0
SAMPLE_MS = 500
LOAD_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class BenchResult:
    """Rates in frames a second, times in ms, memory in MiB."""

    source: str
    model: str
    device: str
    seconds: float
    window_visible_s: float  # from the start of the process to the first paint
    model_ready_s: float
    # from the start of the process to the first paint of a prediction with attribution; None
    # without a face
    first_face_s: float | None
    longest_gui_stall_ms: float  # while torch, MediaPipe and the model load
    camera_fps: float
    analysis_fps: float
    display_fps: float
    capture_to_paint_ms: dict[str, float]
    stages_ms: dict[str, float]  # medians
    faces: float  # mean of all frames
    ms_per_face: float  # all stages; 0 without a face
    model_ms: float  # one face, alone
    model_and_attribution_ms: float
    cpu_ms: float  # of all threads, for each analysis: comparable on a busy machine
    dropped: int
    rss_mb: float
    rss_growth_mb: float  # over the measured time

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        stages = "  ".join(f"{name} {value:.1f}" for name, value in self.stages_ms.items())
        return "\n".join(
            [
                f"source {self.source}, model {self.model} on {self.device}, {self.seconds:.0f} s",
                f"window visible after     {self.window_visible_s:.2f} s",
                f"model ready after        {self.model_ready_s:.2f} s, "
                f"longest GUI stall until then {self.longest_gui_stall_ms:.0f} ms",
                f"first explained face     {_seconds(self.first_face_s)}",
                f"camera / analysis / display  {self.camera_fps:.1f} / {self.analysis_fps:.1f} / "
                f"{self.display_fps:.1f} per second, {self.dropped} frames skipped",
                f"capture to paint         p50 {self.capture_to_paint_ms['p50']:.1f} ms, "
                f"p95 {self.capture_to_paint_ms['p95']:.1f} ms",
                f"stages (median ms)       {stages}",
                f"faces in a frame         {self.faces:.1f}, {self.ms_per_face:.1f} ms each",
                f"processor time           {self.cpu_ms:.1f} ms for each analysis, all threads",
                f"one face, alone          model {self.model_ms:.1f} ms, "
                f"with attribution {self.model_and_attribution_ms:.1f} ms",
                f"resident memory          {self.rss_mb:.0f} MiB, "
                f"{self.rss_growth_mb:+.1f} MiB while measured",
            ]
        )


class _MeasuredEngine(Engine):
    """Records latencies and stage times while `measuring`."""

    measuring = False

    def __init__(
        self, source: str, model: str, device: str, fps: float, parts: EngineParts
    ) -> None:
        super().__init__(source, model, device, fps, parts)
        self.latencies: list[float] = []
        self.stages: list[dict[str, float]] = []
        self.faces: list[int] = []
        self.analysis_ms: list[float] = []
        self.first_face_s: float | None = None

    def painted(self, analysis: Analysis) -> None:
        super().painted(analysis)
        if self.first_face_s is None and any(map(_is_explained, analysis.faces)):
            self.first_face_s = round(process_age_s(), 2)
        if self.measuring:
            self.latencies.append(1000 * (time.perf_counter() - analysis.frame.captured_at))
            self.stages.append(asdict(analysis.times))
            self.analysis_ms.append(analysis.times.total)
            self.faces.append(len(analysis.faces))


def run_bench(
    source: str, model: str, device: str, *, seconds: int, fps: float, faces: int = 0
) -> BenchResult:
    """With `faces`, the demo clip's face that many times in one frame instead of `source`.

    Raises FerError when the source or the model cannot be used.
    """
    parts = EngineParts(open_source=lambda _: _tiled_demo(faces)) if faces else EngineParts()
    engine = _MeasuredEngine(source, model, device, fps, parts)
    with bench_window(engine, faces or DEFAULT_FACES):
        QApplication.processEvents()
        visible = process_age_s()
        stalls = _StallMeter()
        wait_until_ready(engine)
        ready, stall = process_age_s(), stalls.longest_ms()
        run_event_loop(WARM_UP_S)
        status = engine.status()
        if status.source.notice:
            raise FerError(status.source.notice)
        samples, memory = [], [resident_mb()]
        engine.measuring, dropped, cpu_s = True, status.rates.dropped, time.process_time()
        ends = time.perf_counter() + seconds
        while time.perf_counter() < ends:
            run_event_loop(SAMPLE_MS / 1000)
            samples.append(engine.status().rates)
            memory.append(resident_mb())
        engine.measuring, cpu_s = False, time.process_time() - cpu_s
        dropped = engine.status().rates.dropped - dropped
    plain, explained = _model_times(model, device)
    return BenchResult(
        source=status.source.name,
        model=status.model.name,
        device=status.model.device,
        seconds=seconds,
        window_visible_s=round(visible, 2),
        model_ready_s=round(ready, 2),
        first_face_s=engine.first_face_s,
        longest_gui_stall_ms=round(stall, 1),
        camera_fps=_mean([sample.capture_fps for sample in samples]),
        analysis_fps=_mean([sample.analysis_fps for sample in samples]),
        display_fps=_mean([sample.display_fps for sample in samples]),
        capture_to_paint_ms={
            "p50": quantile(engine.latencies, 50),
            "p95": quantile(engine.latencies, 95),
        },
        stages_ms={
            name: round(statistics.median(stage[name] for stage in engine.stages), 2)
            for name in (engine.stages[0] if engine.stages else {})
        },
        faces=_mean([float(count) for count in engine.faces]),
        ms_per_face=round(sum(engine.analysis_ms) / max(1, sum(engine.faces)), 1),
        cpu_ms=round(1000 * cpu_s / max(1, len(engine.faces)), 1),
        model_ms=plain,
        model_and_attribution_ms=explained,
        dropped=dropped,
        rss_mb=round(memory[-1], 1),
        rss_growth_mb=round(memory[-1] - memory[0], 1),
    )


@contextmanager
def bench_window(engine: Engine, faces: int = DEFAULT_FACES) -> Iterator[MainWindow]:
    """The app's window on `engine`, offscreen, with settings of its own."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from ferapp.app import make_application, make_window

    make_application()
    with TemporaryDirectory() as folder:
        store = SettingsStore(Path(folder) / "settings.json")
        store.change(hints_seen=True, faces=faces)
        window = make_window(engine, store)
        try:
            yield window
        finally:
            window.close()


def _tiled_demo(faces: int) -> FrameSource:
    load_opencv()
    from ferapp.bench.tiled_demo import TiledDemo  # loads OpenCV: not before the window

    return TiledDemo(faces)


class _StallMeter:
    """The longest time that a 1 ms timer of the GUI thread had to wait."""

    def __init__(self) -> None:
        self._gaps: list[float] = [0.0]
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._gaps.append(now - self._last)
        self._last = now

    def longest_ms(self) -> float:
        self._timer.stop()
        return 1000 * max(self._gaps)


def wait_until_ready(engine: Engine) -> None:
    """Run the event loop until the model runs. Raises FerError when it fails."""
    ends = time.perf_counter() + LOAD_LIMIT_S
    while (status := engine.status()).model.state is ModelState.LOADING:
        if time.perf_counter() > ends:
            raise FerError(f"the model was not ready after {LOAD_LIMIT_S} s")
        run_event_loop(0.05)
    if status.model.state is ModelState.FAILED:
        raise FerError(status.model.notice)


def run_event_loop(seconds: float) -> None:
    """Raises Stopped after Ctrl+C, which no event handler would pass on."""
    loop, received = QEventLoop(), list[int]()

    def stop() -> None:
        received.append(0)
        loop.quit()

    QTimer.singleShot(round(1000 * seconds), loop.quit)
    with quit_signals(stop):
        loop.exec()
    if received:
        raise Stopped


def _model_times(model: str, device: str) -> tuple[float, float]:
    from ferapp.vision.classifier import Classifier

    classifier = Classifier(model, device)
    return (
        round(1000 * classifier.seconds_per_face(attribution=False), 2),
        round(1000 * classifier.seconds_per_face(attribution=True), 2),
    )


def _is_explained(face: Face) -> bool:
    return face.prediction is not None and face.prediction.attribution is not None


def _seconds(value: float | None) -> str:
    return "none in the measured time" if value is None else f"after {value:.2f} s"


def _mean(values: list[float]) -> float:
    return round(statistics.fmean(values), 1) if values else 0.0


def quantile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1) if values else 0
