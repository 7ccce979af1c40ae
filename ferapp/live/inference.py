"""The inference thread: frames in, analyses out, whatever fails."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ferapp.live.device_list import give_back_memory
from ferapp.live.mailbox import LatestMailbox
from ferapp.live.meters import RateMeter
from ferapp.live.model_loader import LoadedModel, ModelLoader
from ferapp.live.oom_fallback import Degradation, OomFallback
from ferapp.recording.recorder import Recorder
from ferapp.recording.session import with_recorded_results
from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.types import Analysis, StageTimes
from trainer.errors import error_text, is_out_of_memory

if TYPE_CHECKING:
    from ferapp.vision.pipeline import Analyzer

log = logging.getLogger(__name__)

MAX_FAILURES = 5  # in a row, after which the model is released


class InferenceThread:
    """Analyses the newest of `frames` with the current model of `models`.

    If a step fails, the frame is analysed without it: first without the model, then without the
    landmarks. If a GPU runs out of memory, less is computed. `notice` says what is missing and why.
    """

    def __init__(
        self,
        frames: LatestMailbox[Frame],
        models: ModelLoader,
        make_analyzer: "Callable[[], Analyzer]",
        recorder: Recorder,
    ) -> None:
        self.results: LatestMailbox[Analysis] = LatestMailbox()
        self.rate = RateMeter()
        self.stages = StageTimes()
        self._frames, self._models, self._make_analyzer = frames, models, make_analyzer
        self._recorder = recorder
        self.is_reanalysing = False  # analyse recordings instead of showing their results
        self._options = AnalysisOptions()
        self._fallback = OomFallback()
        self._retry_all = False  # the next frame resets the fallback
        self._loaded: LoadedModel | None = None  # at the previous frame
        self._newest: Frame | None = None
        self._failure = ""
        self._failure_count = 0  # of the model, in a row
        self._is_visible = True
        self._second: tuple[ModelLoader, str] | None = None  # what is compared, and by which method
        self.second_notice = ""  # why the first model gives no second explanation
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)

    @property
    def notice(self) -> str:
        parts = (self._models.landmarker_notice, self._fallback.notice, self._failure)
        return "\n".join(part for part in parts if part)

    def set_options(self, options: AnalysisOptions) -> None:
        """Applies from the next frame. Switching attribution on resets the memory fallback."""
        if options.attribution and not self._options.attribution:
            self._retry_all = True
        self._options = options

    def compare_with(self, loader: ModelLoader | None, method: str = "") -> None:
        """Explain the same faces by this loader's model too; None ends the comparison.

        It may be the first one, with another `method`; "" is that of the options.
        """
        self.second_notice = ""
        self._second = (loader, method) if loader is not None else None

    def repeat_analysis(self) -> None:
        """Analyse the newest frame once more, unless another one is waiting."""
        if self._newest is not None:
            repeat = replace(self._newest, captured_at=time.perf_counter(), is_repeat=True)
            self._frames.put_back(repeat)

    def set_visible(self, visible: bool) -> None:
        """While no analysis is visible, frames are skipped: the machine is free for other pages."""
        before, self._is_visible = self._is_visible, visible
        if visible and not before:
            self.results.take()  # outdated: from before the page was hidden
            self.repeat_analysis()  # a paused source delivers no frame

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    # --- in the inference thread ----------------------------------------------------------------

    def _run(self) -> None:
        try:
            analyzer = self._make_analyzer()
        except Exception as error:
            self._report("Pictures cannot be analysed", error)
            return
        while not self._closing.is_set():
            frame = self._frames.take(timeout=0.1)
            if frame is None:
                continue
            self._newest = frame
            if not (self._is_visible or self._recorder.is_active):
                continue
            if frame.recorded is not None and (frame.has_overlays or not self.is_reanalysing):
                analysis = self._replay(analyzer, frame)
            else:
                analysis = self._analyse(analyzer, frame)
            if analysis is not None:
                if not frame.is_repeat:
                    self._recorder.add(analysis, self._loaded)
                self.stages = analysis.times
                self.results.put(analysis)
                self.rate.tick()

    def _replay(self, analyzer: "Analyzer", frame: Frame) -> Analysis | None:
        """The recorded results with their frame; nothing is computed."""
        analyzer.landmarker = None
        analysis = self._analyse_without_model(analyzer, frame)
        return None if analysis is None else with_recorded_results(analysis)

    def _analyse(self, analyzer: "Analyzer", frame: Frame) -> Analysis | None:
        loaded = self._models.current.loaded
        self._handle_model_change(loaded)
        analyzer.landmarker = self._models.landmarker
        options = self._fallback.limit(self._options)
        classifier = loaded.classifier if loaded else None
        try:
            analysis = analyzer.analyze(frame, classifier, options, paint=True)
        except Exception as error:
            if loaded is not None and loaded.device != "cpu" and is_out_of_memory(error):
                self._degrade(loaded)
                return None
            return self._analyse_partially(analyzer, frame, loaded, error)
        if self._failure:
            log.info("Frames are analysed again")
        self._failure, self._failure_count = "", 0
        return self._add_second_model(analyzer, analysis, options)

    def _add_second_model(
        self, analyzer: "Analyzer", analysis: Analysis, options: AnalysisOptions
    ) -> Analysis:
        """Add the predictions of the second model, if there is one; if it fails, it is released.

        So is one for which a GPU has too little memory beside the first.
        """
        second = self._second
        loaded = second[0].current.loaded if second is not None else None
        if second is None or loaded is None:
            return analysis
        loader, method = second
        try:
            own = replace(options, method=method or options.method)
            return analyzer.compare(analysis, loaded.classifier, own)
        except Exception as error:
            notice = f"{loaded.classifier.card.name} fails on these pictures: {error_text(error)}"
            if loader is not self._models:
                loader.discard(loaded, notice)
            elif self._second is second:  # the first explanation goes on
                log.error("%s", notice, exc_info=error)
                self._second, self.second_notice = None, notice
            return analysis

    def _handle_model_change(self, loaded: LoadedModel | None) -> None:
        before, self._loaded = self._loaded, loaded
        chosen = loaded is not None and loaded is not before and not loaded.moved
        if chosen or (self._retry_all and self._fallback.level < Degradation.NO_GPU):
            self._fallback.reset()
        self._retry_all = False
        if loaded is not before:
            self._failure_count = 0
            if before is not None:
                del before
                give_back_memory()

    def _degrade(self, loaded: LoadedModel) -> None:
        level = self._fallback.degrade(self._options, loaded.device)
        log.warning("%s", self._fallback.notice)
        if level is Degradation.NO_GPU:
            self._models.move_to_cpu(loaded)
        else:
            self.repeat_analysis()  # with less; a paused source delivers no frame

    def _analyse_partially(
        self, analyzer: "Analyzer", frame: Frame, loaded: LoadedModel | None, error: Exception
    ) -> Analysis | None:
        """The analysis without the model, else without landmarks, else None."""
        if (
            loaded is not None
            and (analysis := self._analyse_without_model(analyzer, frame)) is not None
        ):
            self._report(f"{loaded.classifier.card.name} fails on these pictures", error)
            self._failure_count += 1
            if self._failure_count == MAX_FAILURES:
                times = f"failed {MAX_FAILURES} times in a row and was stopped"
                name = loaded.classifier.card.name
                self._models.discard(loaded, f"{name} {times}: {error_text(error)}")
            return analysis
        analyzer.landmarker = None
        analysis = self._analyse_without_model(analyzer, frame)
        what = "These pictures cannot be analysed" if analysis is None else "Faces cannot be found"
        self._report(what, error)
        return analysis

    def _analyse_without_model(self, analyzer: "Analyzer", frame: Frame) -> Analysis | None:
        """None when that fails too."""
        options = AnalysisOptions(max_faces=self._options.max_faces)
        try:
            return analyzer.analyze(frame, None, options, paint=True)
        except Exception:  # the first failure is the one to report
            return None

    def _report(self, what: str, error: Exception) -> None:
        message = f"{what}: {error_text(error)}"
        if message != self._failure:  # once, not thirty times a second
            log.error("%s", message, exc_info=error)
        self._failure = message
