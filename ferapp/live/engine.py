"""The live engine: capture → slot → analysis → slot. No Qt; heavy imports happen in its threads."""

import threading
import time
from typing import TYPE_CHECKING

from ferapp.live.capture import Capture
from ferapp.live.meters import Percentiles, RateMeter
from ferapp.live.slot import LatestSlot
from ferapp.live.state import LiveStatus, ModelState, Rates
from ferapp.vision.analysis import Analysis, StageTimes
from ferapp.vision.options import Options
from trainer.errors import FerError

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier
    from trainer.faces.landmarker import FaceLandmarker


class Engine:
    """Implements `LiveEngine`. Start it once, close it once.

    The landmarker and the models are loaded in a thread of their own: video runs meanwhile, and
    a model that fails leaves the running one in place.
    """

    def __init__(
        self, source: str | None, model: str, device: str = "auto", fps: float | None = None
    ) -> None:
        self._capture = Capture(source, fps)
        self._results: LatestSlot[Analysis] = LatestSlot()
        self._options = Options()
        self._device = device
        self._closing = threading.Event()
        self._wanted_model: LatestSlot[str] = LatestSlot()
        self._wanted_model.put(model)
        self._landmarker: FaceLandmarker | None = None
        self._classifier: Classifier | None = None
        self._model_state = ModelState.LOADING
        self._model_notice = ""
        self._analysis_rate, self._display_rate = RateMeter(), RateMeter()
        self._latency = Percentiles()
        self._stages = StageTimes()
        self._threads = [
            threading.Thread(target=self._analyse, name="analysis", daemon=True),
            threading.Thread(target=self._load, name="loading", daemon=True),
        ]

    def start(self) -> None:
        self._capture.start()
        for thread in self._threads:
            thread.start()

    def take(self) -> Analysis | None:
        return self._results.take()

    def painted(self, analysis: Analysis) -> None:
        self._display_rate.tick()
        self._latency.add(1000 * (time.perf_counter() - analysis.frame.captured_at))

    def status(self) -> LiveStatus:
        classifier = self._classifier
        p50, p95 = self._latency.get()
        return LiveStatus(
            source_name=self._capture.name,
            source_notice=self._capture.notice,
            source_fault=self._capture.fault,
            source_opening=self._capture.opening,
            mode_asked=self._capture.asked,
            mode_delivered=self._capture.delivered,
            model_state=self._model_state,
            model_name=classifier.card.name if classifier else "",
            model_notice=self._model_notice,
            model_summary=classifier.card.summary if classifier else "",
            device=str(classifier.device) if classifier else "",
            rates=Rates(
                capture_fps=self._capture.rate.rate(),
                analysis_fps=self._analysis_rate.rate(),
                display_fps=self._display_rate.rate(),
                capture_to_paint_p50=p50,
                capture_to_paint_p95=p95,
                dropped=self._capture.frames.overwritten,
                stages=self._stages,
            ),
        )

    def open_source(self, source: str) -> None:
        self._capture.open(source)

    def load_model(self, model: str) -> None:
        self._model_state = ModelState.LOADING
        self._wanted_model.put(model)

    def set_attribution(self, on: bool) -> None:
        self._options = Options(on, self._options.smoothing_s)

    def set_smoothing(self, time_constant_ms: float) -> None:
        self._options = Options(self._options.attribution, time_constant_ms / 1000)

    def close(self) -> None:
        self._closing.set()
        self._capture.close()
        for thread in self._threads:
            thread.join()
        if self._landmarker is not None:
            self._landmarker.close()

    def _analyse(self) -> None:
        from ferapp.vision.analyzer import Analyzer  # brings OpenCV

        analyzer = Analyzer()
        while not self._closing.is_set():
            frame = self._capture.frames.take(timeout=0.1)
            if frame is None:
                continue
            analyzer.landmarker = self._landmarker
            analysis = analyzer.analyze(frame, self._classifier, self._options, paint=True)
            self._stages = analysis.times
            self._results.put(analysis)
            self._analysis_rate.tick()

    def _load(self) -> None:
        from trainer.faces.landmarker import FaceLandmarker

        try:
            self._landmarker = FaceLandmarker(video=True)
        except FerError as error:
            self._model_state, self._model_notice = ModelState.FAILED, str(error)
            return
        while not self._closing.is_set():
            wanted = self._wanted_model.take(timeout=0.1)
            if wanted is not None:
                self._load_one(wanted)

    def _load_one(self, wanted: str) -> None:
        from ferapp.vision.classifier import Classifier  # brings torch

        try:
            self._classifier = Classifier(wanted, self._device)
        except FerError as error:
            self._model_state, self._model_notice = ModelState.FAILED, str(error)
        else:
            self._model_state, self._model_notice = ModelState.READY, ""
