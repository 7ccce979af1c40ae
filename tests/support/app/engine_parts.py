"""Scripted parts of an engine: no file, no device, no model, no OpenCV."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from ferapp.live.engine import Engine, EngineParts
from ferapp.live.status import DeviceInfo, LiveStatus, ModelState
from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.sources.camera_info import CameraInfo
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.types import Analysis, AppliedModel, StageTimes
from trainer.card import ModelCard
from trainer.errors import ModelFileError, UsageError

WAIT_S = 60
THREADS = {"capture", "player", "analysis", "loading", "cameras", "models", "devices"}
FULL = "CUDA out of memory. Tried to allocate 2.00 GiB"
CPU, GPU = DeviceInfo("cpu", "CPU, 2 cores"), DeviceInfo("cuda:0", "Big GPU", 1000.0)


def until(condition: Callable[[], object], what: str = "") -> None:
    """Wait for a condition; the time limit ends a failing test."""
    ends = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < ends, f"never happened: {what or condition}"
        time.sleep(0.002)


class Pictures(FrameSource):
    """Grey pictures, without end."""

    kind = "video"
    fps = 200.0

    def __init__(self, name: str) -> None:
        self.name, self._index = name, 0

    def read(self) -> Frame:
        self._index += 1
        image = np.full((6, 8, 3), 90, np.uint8)
        return Frame(image, self._index - 1, self._index / self.fps, time.perf_counter())

    def close(self) -> None:
        return


@dataclass
class FakeClassifier:
    """`fails` is called with the options of a picture; it may raise."""

    path: Path
    card: ModelCard
    device: torch.device
    fails: Callable[[AnalysisOptions], None]
    methods: tuple[str, ...] = ("grad_x_input",)

    @property
    def face_ms(self) -> float:
        return 12.0 if self.device.type == "cpu" else 2.0


@dataclass
class FakeAnalyzer:
    """Needs landmarker and model as the real one; `classes` of the result names the model."""

    seen: list[
        tuple[str, AnalysisOptions]
    ]  # device ("" without a model) and options of each picture
    landmarker: Callable[[], None] | None = None

    def detect(self, frame: Frame, options: AnalysisOptions) -> list[str]:
        if self.landmarker is None:
            return []
        self.landmarker()
        return ["a face"]

    def analyze(
        self,
        frame: Frame,
        classifier: FakeClassifier | None,
        options: AnalysisOptions,
        *,
        paint: bool,
        detections: list[str],
    ) -> Analysis:
        assert paint
        if classifier is not None:
            classifier.fails(options)
        self.seen.append((str(classifier.device) if classifier else "", options))
        took_part = (("landmarks",) if detections else ()) + (("model",) if classifier else ())
        times = StageTimes(model=classifier.face_ms if classifier is not None else 0.0)
        picture = np.zeros((6, 8, 4), np.uint8)
        return Analysis(frame, (), picture, (AppliedModel(took_part),), times)

    def colour(self, analysis: Analysis) -> Analysis:
        return analysis

    def compare(
        self, analysis: Analysis, classifier: FakeClassifier, options: AnalysisOptions
    ) -> Analysis:
        classifier.fails(options)
        second = AppliedModel((classifier.card.name,), options.method)
        return replace(analysis, models=(analysis.model, second))


class FakeLandmarker:
    def __init__(self, fails: Callable[[], None]) -> None:
        self._fails = fails
        self.closed = False

    def __call__(self) -> None:
        self._fails()

    def close(self) -> None:
        self.closed = True


def nothing(*_: object) -> None:
    return


@dataclass
class EngineBench:
    """The parts of an engine, which a test changes while the engine runs."""

    models: dict[str, Path] = field(default_factory=dict)  # by the text that asks for them
    devices: tuple[DeviceInfo, ...] = (CPU, GPU)
    cameras: tuple[CameraInfo, ...] = ()
    model_fails: Callable[[str, AnalysisOptions], None] = nothing  # with the device and the options
    faces_fail: Callable[[], None] = nothing
    load_fails: Callable[[str, str], None] = nothing  # with model and device
    seen: list[tuple[str, AnalysisOptions]] = field(default_factory=list)
    loads: list[tuple[str, str]] = field(default_factory=list)
    landmarker: FakeLandmarker | None = None

    @classmethod
    def in_folder(cls, folder: Path) -> "EngineBench":
        """Has the models one and two, whose files the test writes if it needs them."""
        bench = cls()
        for name in ("one", "two"):
            path = (folder / f"{name}.safetensors").resolve()
            bench.models |= {name: path, str(path): path}
        return bench

    def make_landmarker(self) -> FakeLandmarker:
        self.landmarker = FakeLandmarker(lambda: self.faces_fail())
        return self.landmarker

    def make_classifier(self, model: str, device: str) -> FakeClassifier:
        self.loads.append((model, device))
        self.load_fails(model, device)
        if model not in self.models:
            raise ModelFileError(f"there is no model {model!r}", "Bundled: default.")
        device = {"auto": "cuda", "cuda:0": "cuda"}.get(device, device)
        if device not in ("cpu", "cuda"):
            raise UsageError(f"the device {device} is not available")
        name = self.models[model].stem
        card = ModelCard(
            name=name, architecture="compact", arguments={}, attribution_layer="stages"
        )
        return FakeClassifier(
            self.models[model],
            card,
            torch.device(device),
            lambda options: self.model_fails(device, options),
        )

    def open_source(self, spec: str) -> FrameSource:
        if spec.startswith("gone"):
            raise SourceError(f"{spec}: there is no such file")
        return Pictures(spec)

    def parts(self) -> EngineParts:
        return EngineParts(
            open_source=self.open_source,
            cameras=lambda: self.cameras,
            devices=lambda: self.devices,
            analyzer=lambda: FakeAnalyzer(self.seen),
            landmarker=self.make_landmarker,
            classifier=self.make_classifier,
            poll_s=0.01,
        )

    @contextmanager
    def engine(
        self, source: str = "clip", model: str = "one", device: str = "auto"
    ) -> Iterator[Engine]:
        """A started engine; checks at the end that its threads have ended."""
        before = set(threading.enumerate())
        engine = Engine(source, model, device, parts=self.parts())
        engine.start()
        try:
            yield engine
        finally:
            engine.close()
        left = {thread.name for thread in set(threading.enumerate()) - before} & THREADS
        assert not left
        assert self.landmarker is None or self.landmarker.closed


def has_map(analysis: Analysis) -> bool:
    """Whether one of its faces has a map."""
    predictions = [face.prediction for face in analysis.faces]
    return any(p is not None and p.attribution is not None for p in predictions)


def next_analysis(engine: Engine, fits: Callable[[Analysis], object]) -> Analysis:
    found: list[Analysis] = []

    def look() -> bool:
        analysis = engine.take()
        if analysis is not None and fits(analysis):
            found.append(analysis)
        return bool(found)

    until(look, "an analysis")
    return found[0]


def status_when(engine: Engine, fits: Callable[[LiveStatus], object]) -> LiveStatus:
    """The first status that meets the condition."""
    found: list[LiveStatus] = []

    def look() -> bool:
        status = engine.status()
        if fits(status):
            found.append(status)
        return bool(found)

    until(look, "a status")
    return found[0]


def ready(engine: Engine, model: str = "one", device: str = "cuda:0") -> LiveStatus:
    return status_when(
        engine,
        lambda s: (
            (s.model.state, s.model.name, s.model.device) == (ModelState.READY, model, device)
        ),
    )


def failed(engine: Engine) -> LiveStatus:
    return status_when(engine, lambda s: s.model.state is ModelState.FAILED)
