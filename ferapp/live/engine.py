"""The live engine: capture → slot → analysis → slot. No Qt; heavy imports happen in its threads."""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferapp.live.capture import Capture
from ferapp.live.device_list import list_devices
from ferapp.live.inference import InferenceThread
from ferapp.live.meters import Percentiles, RateMeter
from ferapp.live.model_catalogue import ModelCatalogue
from ferapp.live.model_loader import LoaderState, ModelLoader
from ferapp.live.player import OpenSource
from ferapp.live.poller import Poller
from ferapp.live.status import (
    DeviceInfo,
    LiveStatus,
    ModelInfo,
    ModelStatus,
    Rates,
    RecordingPlan,
    SourceStatus,
)
from ferapp.recording.recorder import Recorder
from ferapp.recording.session import session_folder
from ferapp.recording.session_files import RecordingSubject
from ferapp.sources import camera_list, uri
from ferapp.sources.base import FrameSource
from ferapp.sources.camera_info import CameraInfo
from ferapp.sources.heavy_imports import load_opencv, load_torch
from ferapp.vision.analysis_options import DEFAULT_FACES, AnalysisOptions
from ferapp.vision.types import Analysis

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier
    from ferapp.vision.pipeline import Analyzer
    from trainer.faces.landmarker import FaceLandmarker

LOOK_S = 3.0  # between two looks at cameras, model files and devices


def open_source(spec: str) -> FrameSource:
    folder = session_folder(spec)
    if folder is None:
        return uri.open_source(spec)
    load_opencv()
    from ferapp.recording.replay import SessionSource

    return SessionSource(folder)


def list_cameras() -> tuple[CameraInfo, ...]:
    return tuple(camera_list.list_cameras())


def make_landmarker() -> "FaceLandmarker":
    load_opencv()
    from trainer.faces.landmarker import FaceLandmarker  # brings MediaPipe

    return FaceLandmarker(video=True, max_faces=DEFAULT_FACES, details=True)


def make_analyzer() -> "Analyzer":
    load_opencv()
    from ferapp.vision.pipeline import Analyzer  # brings OpenCV

    return Analyzer()


def make_classifier(model: str, device: str) -> "Classifier":
    load_torch()
    from ferapp.vision.classifier import Classifier

    return Classifier(model, device)


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the engine gets what it works with; each is called in a thread of the engine."""

    open_source: OpenSource = open_source
    cameras: Callable[[], tuple[CameraInfo, ...]] = list_cameras
    devices: Callable[[], tuple[DeviceInfo, ...]] = list_devices
    analyzer: "Callable[[], Analyzer]" = make_analyzer
    landmarker: "Callable[[], FaceLandmarker]" = make_landmarker
    classifier: "Callable[[str, str], Classifier]" = make_classifier  # of a model, on a device
    look_s: float = LOOK_S


class Engine:
    """Implements `LiveEngine`. Start it once, close it once.

    `opened` are model files of earlier sessions, to be listed as well.
    """

    def __init__(
        self,
        source: str | None,
        model: str,
        device: str = "auto",
        fps: float | None = None,
        parts: Parts | None = None,
        opened: tuple[str, ...] = (),
    ) -> None:
        self._parts = parts or Parts()
        self._device = device
        self._other: ModelLoader | None = None  # made when two models are first compared
        self._comparing = False
        every = self._parts.look_s
        self._capture = Capture(source, fps, self._parts.open_source)
        self._models = ModelLoader(
            model, device, self._parts.landmarker, self._parts.classifier, self._look_again
        )
        self._recorder = Recorder()
        self._inference = InferenceThread(
            self._capture.frames, self._models, self._parts.analyzer, self._recorder
        )
        self._options = AnalysisOptions()
        self._catalogue = ModelCatalogue(Path("runs").absolute(), self._models.measured_ms)
        for each in (model, *opened):
            self._catalogue.add(each)
        self._cameras = Poller[tuple[CameraInfo, ...]]("cameras", self._parts.cameras, (), every)
        self._listed = Poller[tuple[ModelInfo, ...]](
            "models", self._catalogue.list_models, (), every
        )
        self._devices = Poller[tuple[DeviceInfo, ...]]("devices", self._look_round, (), every)
        self._latency, self._display_rate = Percentiles(), RateMeter()
        self._running = (
            self._capture,
            self._models,
            self._inference,
            self._cameras,
            self._listed,
            self._devices,
        )

    def start(self) -> None:
        for part in self._running:
            part.start()

    def take(self) -> Analysis | None:
        return self._inference.results.take()

    def painted(self, analysis: Analysis) -> None:
        self._display_rate.tick()
        self._latency.add(1000 * (time.perf_counter() - analysis.frame.captured_at))

    def status(self) -> LiveStatus:
        """Reads what the threads have left; waits for none of them."""
        second = self._other.current if self._other is not None and self._comparing else None
        return LiveStatus(
            source=self._source_status(),
            model=_model_status(self._models.current),
            second_model=_model_status(second) if second is not None else None,
            recording=self._recorder.status,
            rates=self._rates(),
            analysis_notice=self._inference.notice,
            cameras=self._cameras.value,
            models=self._listed.value,
            devices=self._devices.value,
        )

    def _source_status(self) -> SourceStatus:
        capture, replay = self._capture, self._capture.replay
        return SourceStatus(
            uri=capture.source,
            name=capture.name,
            notice=capture.notice,
            fault=capture.fault,
            opening=capture.opening,
            requested_mode=capture.requested_mode,
            delivered_mode=capture.delivered_mode,
            playback=capture.playback,
            replay=replace(replay, is_reanalysed=self._inference.again) if replay else None,
        )

    def _rates(self) -> Rates:
        p50, p95 = self._latency.get()
        return Rates(
            capture_fps=self._capture.rate.rate(),
            analysis_fps=self._inference.rate.rate(),
            display_fps=self._display_rate.rate(),
            capture_to_paint_p50=p50,
            capture_to_paint_p95=p95,
            dropped=self._capture.frames.overwritten,
            stages=self._inference.stages,
        )

    def open_source(self, source: str) -> None:
        self._inference.again = False  # a recording plays as it was recorded at first
        self._capture.open(source)

    def load_model(self, model: str) -> None:
        self._catalogue.add(model)
        self._models.load(model)

    def use_device(self, device: str) -> None:
        self._device = device
        self._models.use_device(device)
        if self._other is not None and self._comparing:
            self._other.use_device(device)

    def compare_with(self, model: str) -> None:
        self._comparing = bool(model)
        if not model:
            self._inference.compare_with(None)
            if self._other is not None:
                self._other.unload()
            return
        self._catalogue.add(model)
        if self._other is None:
            make = self._parts.classifier
            self._other = ModelLoader(model, self._device, lambda: None, make, self._look_again)
            self._other.start()
        else:
            self._other.load(model, self._device)
        self._inference.compare_with(self._other)

    def set_options(self, options: AnalysisOptions) -> None:
        self._options = options
        self._inference.set_options(options)

    def set_seen(self, seen: bool) -> None:
        self._inference.set_seen(seen)

    def record(self, plan: RecordingPlan) -> None:
        capture, loaded = self._capture, self._models.current.loaded
        if capture.replay is not None:
            self._recorder.refuse(plan.folder, "This is a recording already.")
        elif loaded is None:
            self._recorder.refuse(plan.folder, "Nothing is recorded before the model is ready.")
        elif not capture.source or capture.plays_fallback:
            self._recorder.refuse(plan.folder, "Nothing is recorded before the source plays.")
        else:
            settings = asdict(self._options) | {"hidden": sorted(self._options.hidden)}
            subject = RecordingSubject(capture.source, capture.name, loaded, settings)
            self._recorder.start(plan, subject)

    def end_recording(self) -> None:
        self._recorder.end()

    def mark(self) -> float:
        return self._recorder.mark()

    def note(self, time_s: float, text: str) -> None:
        self._recorder.note(time_s, text)

    def pause(self, on: bool) -> None:
        self._capture.pause(on)

    def seek(self, time_s: float) -> None:
        self._capture.seek(time_s)

    def look_again(self) -> None:
        self._inference.look_again()

    def analyse_again(self, on: bool) -> None:
        self._inference.again = on

    def close(self) -> None:
        self._recorder.close()  # first: what it has is whole before anything else goes wrong
        for part in reversed(self._running):  # who uses something ends before it does
            part.close()
        if self._other is not None:
            self._other.close()

    def _look_round(self) -> tuple[DeviceInfo, ...]:
        # torch takes seconds to load, and may fail: that is the business of the models' thread
        ready = self._models.has_tried and "torch" in sys.modules
        return self._parts.devices() if ready else ()

    def _look_again(self) -> None:
        self._listed.poll_soon()
        self._devices.poll_soon()


def _model_status(loader: LoaderState) -> ModelStatus:
    loaded = loader.loaded
    if loaded is None:
        return ModelStatus(loader.state, loader.notice)
    return ModelStatus(
        state=loader.state,
        notice=loader.notice,
        spec=loaded.spec,
        name=loaded.classifier.card.name,
        card=loaded.classifier.card,
        file=loaded.file,
        methods=loaded.classifier.methods,
        device=loaded.device,
        face_ms=loaded.ms,
    )
