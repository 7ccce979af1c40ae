"""A hundred thousand frames through the live engine and the window; memory must stay flat.

    python tests/benchmarks/many_frames.py [FRAMES]

Everything is real but the camera and the analyser, a stub that takes 1 ms a frame and skips the
frames it has no time for. Prints one JSON object.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np

from ferapp.app import make_application, make_window
from ferapp.bench.live_bench import run_event_loop
from ferapp.bench.process_usage import resident_mb
from ferapp.live.engine import Engine, EngineParts
from ferapp.sources.base import Frame, FrameSource
from ferapp.ui.shell.settings import SettingsStore
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.types import Analysis
from trainer.errors import ModelFileError

SIZE = (360, 640)


class Pictures(FrameSource):
    """A new picture each time, as from a camera, 1000 a second."""

    kind, name, fps = "video", "Pictures", 1000.0
    count = 0

    def __init__(self, _: str) -> None:
        return

    def read(self) -> Frame:
        number = Pictures.count
        Pictures.count += 1
        image = np.full((*SIZE, 3), number % 256, np.uint8)
        return Frame(image, number, number / self.fps, time.perf_counter())

    def close(self) -> None:
        return


class Stub:
    """Analyses in 1 ms, and counts."""

    landmarker = None

    def __init__(self) -> None:
        self.count = 0

    def analyze(
        self, frame: Frame, _: object, options: AnalysisOptions, *, paint: bool
    ) -> Analysis:
        assert paint
        time.sleep(0.001)
        self.count += 1
        picture = np.dstack([frame.image, np.full(SIZE, 255, np.uint8)])
        return Analysis(frame, (), picture, hidden=options.hidden)


def no_model(*_: object) -> None:
    raise ModelFileError("there is no model here")


def main(frames: int) -> None:
    stub = Stub()
    engine = Engine(
        "pictures",
        "none",
        parts=EngineParts(
            open_source=Pictures,
            cameras=tuple,
            devices=tuple,
            analyzer=lambda: stub,  # type: ignore[arg-type,return-value]
            landmarker=lambda: None,  # type: ignore[arg-type,return-value]
            classifier=no_model,  # type: ignore[arg-type]
        ),
    )
    make_application()
    began, memory = time.perf_counter(), list[tuple[int, float]]()
    with TemporaryDirectory() as folder:
        store = SettingsStore(Path(folder) / "settings.json")
        store.change(hints_seen=True)
        window = make_window(engine, store)
        while Pictures.count < frames:
            run_event_loop(0.5)
            memory.append((Pictures.count, resident_mb()))
        window.close()
    warm = [(count, mib) for count, mib in memory if count > frames // 5]
    slope = np.polyfit([count for count, _ in warm], [mib for _, mib in warm], 1)[0]
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "frames": Pictures.count,
                "frames_per_second": round(Pictures.count / seconds, 1),
                "analysed": stub.count,
                "rss_mb": {"warm": round(warm[0][1], 1), "end": round(warm[-1][1], 1)},
                "mib_per_100_000_frames_after_the_first_fifth": round(1e5 * float(slope), 2),
                "threads_left": [t.name for t in threading.enumerate()][1:],
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
