"""The live engine: capture → mailbox → inference → mailbox. No Qt; its threads import torch."""

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
from ferapp.live.patch_search import PatchSearch
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
from ferapp.recording.session import LOST, PAUSED, session_folder, table_file
from ferapp.recording.session_files import RecordingSubject
from ferapp.sources import camera_list, uri
from ferapp.sources.base import FrameSource
from ferapp.sources.camera_info import CameraInfo
from ferapp.sources.heavy_imports import load_opencv, load_torch
from ferapp.sources.limits import DEFAULT_LIMITS, SourceLimits
from ferapp.studies.live_output.live_outputs import LiveOutputs
from ferapp.studies.live_output.output_target import OutputTarget
from ferapp.vision.analysis_options import DEFAULT_FACES, AnalysisOptions
from ferapp.vision.file_hash import file_hash
from ferapp.vision.types import Analysis

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier
    from ferapp.vision.pipeline import Analyzer
    from trainer.faces.landmarker import FaceLandmarker

POLL_S = 3.0  # between two polls of cameras, model files and devices


def open_source(source: str, limits: SourceLimits = DEFAULT_LIMITS) -> FrameSource:
    """A recording, a table with its pictures, or what `uri.open_source` opens."""
    try:
        folder, table = session_folder(source), table_file(source)
    except (OSError, RuntimeError, ValueError):  # no name that a file could have
        folder = table = None
    if folder is None and table is None:
        return uri.open_source(source, limits)
    load_opencv()
    from ferapp.recording.replay import SessionSource
    from ferapp.recording.table_source import TableSource

    if folder is not None:
        return SessionSource(folder)
    assert table is not None
    return TableSource(table, lambda pictures: open_source(pictures, limits))


def list_cameras() -> tuple[CameraInfo, ...]:
    return tuple(camera_list.list_cameras())


def make_landmarker() -> "FaceLandmarker":
    load_opencv()
    from trainer.faces.landmarker import FaceLandmarker  # loads MediaPipe

    return FaceLandmarker(video=True, max_faces=DEFAULT_FACES, details=True)


def make_analyzer() -> "Analyzer":
    load_opencv()
    from ferapp.vision.pipeline import Analyzer  # loads OpenCV

    return Analyzer()


def make_classifier(model: str, device: str) -> "Classifier":
    load_torch()
    from ferapp.vision.classifier import Classifier

    return Classifier(model, device)


@dataclass(frozen=True, slots=True)
class EngineParts:
    """The functions that make the engine's parts; the engine calls them in its own threads."""

    open_source: OpenSource = open_source
    cameras: Callable[[], tuple[CameraInfo, ...]] = list_cameras
    devices: Callable[[], tuple[DeviceInfo, ...]] = list_devices
    analyzer: "Callable[[], Analyzer]" = make_analyzer
    landmarker: "Callable[[], FaceLandmarker]" = make_landmarker
    classifier: "Callable[[str, str], Classifier]" = make_classifier  # of a model, on a device
    poll_s: float = POLL_S


class Engine:
    """Implements `LiveEngine`. Start it once, close it once.

    `opened` are model files opened in earlier sessions; the model menu lists them too.
    """

    def __init__(
        self,
        source: str | None,
        model: str,
        device: str = "auto",
        fps: float | None = None,
        parts: EngineParts | None = None,
        opened: tuple[str, ...] = (),
    ) -> None:
        self._parts = parts or EngineParts()
        self._device = device
        self._second_loader: ModelLoader | None = None  # created at the first comparison
        self._listener: Callable[[], None] = lambda: None
        self._compared: tuple[str, str] | None = None  # model and method, as in `compare_with`
        interval_s = self._parts.poll_s
        self._is_visible = True
        self._outputs = LiveOutputs()
        self._recorder = Recorder(self._outputs.marker)
        self._capture = Capture(
            source,
            fps,
            self._open_source,
            wants_frames=self._wants_frames,
            on_lost=lambda message: self._recorder.interrupt(LOST, message),
        )
        self._models = ModelLoader(
            model, device, self._parts.landmarker, self._parts.classifier, self._poll_soon
        )
        self._inference = InferenceThread(
            self._capture.frames,
            self._models,
            self._parts.analyzer,
            self._recorder,
            self._outputs,
            lambda: self._listener(),
        )
        self._options = AnalysisOptions()
        self._catalogue = ModelCatalogue(Path("runs").absolute(), self._models.measured_ms)
        for name in (model, *opened):
            self._catalogue.add(name)
        self._cameras = Poller[tuple[CameraInfo, ...]](
            "cameras", self._parts.cameras, (), interval_s
        )
        self._model_list = Poller[tuple[ModelInfo, ...]](
            "models", self._catalogue.list_models, (), interval_s
        )
        self._devices = Poller[tuple[DeviceInfo, ...]](
            "devices", self._list_devices, (), interval_s
        )
        self._latency, self._display_rate = Percentiles(), RateMeter()
        self._is_closed = False
        self._workers = (
            self._capture,
            self._models,
            self._inference,
            self._cameras,
            self._model_list,
            self._devices,
        )

    @property
    def patch_search(self) -> PatchSearch:
        return self._inference.patch_search

    def start(self) -> None:
        """Nothing happens after `close`: a window may close before its event loop has begun."""
        if self._is_closed:
            return
        for worker in self._workers:
            worker.start()

    def take(self) -> Analysis | None:
        return self._inference.results.take()

    def announce_to(self, listener: Callable[[], None]) -> None:
        self._listener = listener

    def painted(self, analysis: Analysis) -> None:
        self._display_rate.tick()
        self._latency.add(1000 * (time.perf_counter() - analysis.frame.captured_at))

    def status(self) -> LiveStatus:
        """Read the latest state of the threads, without waiting for any of them."""
        return LiveStatus(
            source=self._source_status(),
            model=_model_status(self._models.current),
            second_model=self._second_status(),
            second_method=self._compared[1] if self._compared is not None else "",
            recording=self._recorder.status,
            outputs=self._outputs.status,
            rates=self._rates(),
            analysis_notice=self._inference.notice,
            cameras=self._cameras.value,
            models=self._model_list.value,
            devices=self._devices.value,
        )

    def _second_status(self) -> ModelStatus | None:
        if self._compared is None:
            return None
        if self._compared[0] and self._second_loader is not None:
            return _model_status(self._second_loader.current)
        first, notice = _model_status(self._models.current), self._inference.second_notice
        return replace(first, notice=notice)

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
            notes=capture.notes,
            waiting=capture.waiting,
            playback=capture.playback,
            replay=replace(replay, is_reanalysed=self._inference.is_reanalysing)
            if replay
            else None,
        )

    def _rates(self) -> Rates:
        p50, p95 = self._latency.get()
        loaded = self._models.current.loaded
        return Rates(
            capture_fps=self._capture.rate.rate(),
            analysis_fps=self._inference.rate.rate(),
            display_fps=self._display_rate.rate(),
            capture_to_paint_p50=p50,
            capture_to_paint_p95=p95,
            dropped=self._capture.frames.overwritten,
            stages=self._inference.stages,
            face_ms=loaded.face_ms.get()[0] if loaded is not None else 0.0,
        )

    def open_source(self, source: str) -> None:
        self._inference.is_reanalysing = False  # unless the model of the recording runs
        self._capture.open(source)

    def load_model(self, model: str) -> None:
        self._catalogue.add(model)
        self._models.load(model)

    def use_device(self, device: str) -> None:
        self._device = device
        self._models.use_device(device)
        if self._second_loader is not None and self._compared is not None and self._compared[0]:
            self._second_loader.use_device(device)

    def compare_with(self, model: str, method: str = "") -> None:
        self._compared = (model, method) if model or method else None
        if not model:
            self._inference.compare_with(self._models if method else None, method)
            if self._second_loader is not None:
                self._second_loader.unload()
            return
        self._catalogue.add(model)
        if self._second_loader is None:
            make = self._parts.classifier
            self._second_loader = ModelLoader(
                model, self._device, lambda: None, make, self._poll_soon
            )
            self._second_loader.start()
        else:
            self._second_loader.load(model, self._device)
        self._inference.compare_with(self._second_loader, method)

    def set_options(self, options: AnalysisOptions) -> None:
        self._options = options
        self._inference.set_options(options)

    def set_visible(self, visible: bool) -> None:
        self._is_visible = visible
        self._inference.set_visible(visible)

    def _wants_frames(self) -> bool:
        """Whether somebody looks at the frames or gets them; else nothing is decoded."""
        return self._is_visible or self._recorder.is_active or self._outputs.is_active

    def record(self, plan: RecordingPlan) -> None:
        capture, loaded = self._capture, self._models.current.loaded
        if capture.replay is not None:
            self._recorder.refuse(plan.folder, "What plays has stored results already.")
        elif loaded is None:
            self._recorder.refuse(plan.folder, "Nothing is recorded before the model is ready.")
        elif not capture.source or capture.plays_fallback or capture.waiting:
            self._recorder.refuse(plan.folder, "Nothing is recorded before the source plays.")
        else:
            settings = asdict(self._options) | {"hidden": list(self._options.hidden.names)}
            subject = RecordingSubject(capture.source, capture.name, loaded, settings)
            self._recorder.start(plan, subject)

    def end_recording(self) -> None:
        self._recorder.end()

    def finish_recording(self) -> None:
        """End the recording, and wait until its files are complete."""
        self._recorder.close()

    def start_output(self, target: OutputTarget) -> None:
        self._outputs.start(target, self._options.max_faces)

    def stop_output(self, target: OutputTarget) -> None:
        self._outputs.stop(target)

    def mark(self) -> float:
        return self._recorder.mark()

    def note(self, time_s: float, text: str) -> None:
        self._recorder.note(time_s, text)

    def add_event(self, kind: str, note: str, at: float) -> None:
        self._recorder.add_event(kind, note, at)

    def pause(self, on: bool) -> None:
        playback = self._capture.playback
        if on and playback is not None and not playback.paused:
            self._recorder.interrupt(PAUSED)
        self._capture.pause(on)

    def seek(self, time_s: float) -> None:
        self._capture.seek(time_s)

    def step(self, frames: int) -> None:
        self._capture.step(frames)

    def set_speed(self, speed: float) -> None:
        self._capture.set_speed(speed)

    def set_loop(self, on: bool) -> None:
        self._capture.set_loop(on)

    def repeat_analysis(self) -> None:
        self._inference.repeat_analysis()

    def set_reanalysis(self, on: bool) -> None:
        replay = self._capture.replay
        self._inference.is_reanalysing = on and (replay is None or replay.can_reanalyse)

    def close(self) -> None:
        self._is_closed = True
        self.finish_recording()  # first, so that the recording is complete whatever fails next
        self._outputs.close()
        for worker in reversed(self._workers):  # users before what they use
            worker.close()
        if self._second_loader is not None:
            self._second_loader.close()

    def _open_source(self, source: str) -> FrameSource:
        """Called in a player's thread. A recording is analysed again where its own model runs."""
        opened = self._parts.open_source(source)
        loaded, recorded = self._models.current.loaded, opened.recorded
        if recorded is not None and loaded is not None and recorded.can_reanalyse:
            own = recorded.model_hash
            self._inference.is_reanalysing = bool(own) and own == file_hash(loaded.file)
        return opened

    def _list_devices(self) -> tuple[DeviceInfo, ...]:
        # importing torch takes seconds and may fail; only the loader's thread does it
        ready = self._models.has_tried and "torch" in sys.modules
        return self._parts.devices() if ready else ()

    def _poll_soon(self) -> None:
        self._model_list.poll_soon()
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
    )
