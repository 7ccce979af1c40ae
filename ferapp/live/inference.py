"""The inference thread: frames with their faces in, analyses out, whatever fails."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ferapp.live.detection import DetectionThread, SearchedFrame
from ferapp.live.device_list import give_back_memory
from ferapp.live.mailbox import LatestMailbox
from ferapp.live.meters import RateMeter
from ferapp.live.model_loader import LoadedModel, ModelLoader
from ferapp.live.oom_fallback import Degradation, OomFallback
from ferapp.live.patch_search import PatchSearch
from ferapp.recording.recorder import Recorder
from ferapp.recording.session import with_recorded_results
from ferapp.sources.base import Frame
from ferapp.studies.live_output.live_outputs import LiveOutputs
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.types import Analysis, StageTimes
from trainer.errors import error_text, is_out_of_memory

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier
    from ferapp.vision.pipeline import Analyzer

log = logging.getLogger(__name__)

MAX_FAILURES = 5  # in a row, after which the model is released


class InferenceThread:
    """Analyses the newest of `frames` with the current model of `models`.

    If a step fails, the frame is analysed without it: first without the model, then without the
    landmarks. If a GPU runs out of memory, less is computed. `notice` says what is missing and why.
    A thread of its own finds the faces of the next frame meanwhile. `announce` is called in the
    inference thread whenever a result is there to be taken.
    """

    def __init__(
        self,
        frames: LatestMailbox[Frame],
        models: ModelLoader,
        make_analyzer: "Callable[[], Analyzer]",
        recorder: Recorder,
        outputs: LiveOutputs,
        announce: Callable[[], None],
    ) -> None:
        self.results: LatestMailbox[Analysis] = LatestMailbox()
        self.rate = RateMeter()
        self.stages = StageTimes()
        self.patch_search = PatchSearch()
        self._frames, self._models = frames, models
        self._recorder, self._outputs = recorder, outputs
        self._announce = announce
        self._detection = DetectionThread(frames, models, make_analyzer, self._detection_options)
        self.is_reanalysing = False  # analyse recordings instead of showing their results
        self._options = AnalysisOptions()
        self._fallback = OomFallback()
        self._retry_all = False  # the next frame resets the fallback
        self._leaves_a_core = False
        self._loaded: LoadedModel | None = None  # at the previous frame
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
        newest = self._detection.newest
        if newest is not None:
            repeat = replace(newest, captured_at=time.perf_counter(), is_repeat=True)
            self._frames.put_back(repeat)

    def set_visible(self, visible: bool) -> None:
        """While no analysis is visible, frames are skipped: the machine is free for other pages."""
        before, self._is_visible = self._is_visible, visible
        if visible and not before:
            self.results.take()  # outdated: from before the page was hidden
            self.repeat_analysis()  # a paused source delivers no frame

    def start(self) -> None:
        self._detection.start()
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._detection.close()
        if self._thread.is_alive():
            self._thread.join()

    def _shows_recorded(self, frame: Frame) -> bool:
        """Whether the recorded results are shown and nothing is computed."""
        return frame.recorded is not None and (frame.has_overlays or not self.is_reanalysing)

    # --- in the detection thread ----------------------------------------------------------------

    def _detection_options(self, frame: Frame) -> AnalysisOptions | None:
        """None for a frame that nobody looks at; no faces where recorded results are shown."""
        if not (self._is_visible or self._recorder.is_active or self._outputs.is_active):
            return None
        options = self._fallback.limit(self._options)
        return replace(options, max_faces=0) if self._shows_recorded(frame) else options

    # --- in the inference thread ----------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            searched = self._detection.results.take(0.0 if self.patch_search.is_running else 0.1)
            loaded = self._models.current.loaded
            self.patch_search.step(loaded.classifier if loaded is not None else None)
            del loaded  # its memory is freed when another one is loaded
            if self._detection.failure is not None:
                self._report("Pictures cannot be analysed", self._detection.failure)
                return
            if searched is None or self._detection.analyzer is None:
                continue
            analysis = self._analyse(self._detection.analyzer, searched)
            if analysis is not None:
                if not analysis.frame.is_repeat:
                    self._recorder.add(analysis, self._loaded)
                    self._outputs.add(analysis, self._loaded)
                self.stages = analysis.times
                self.results.put(analysis)
                self._announce()
                self.rate.tick()

    def _analyse(self, analyzer: "Analyzer", searched: SearchedFrame) -> Analysis | None:
        if self._shows_recorded(searched.frame):
            analysis = self._analyse_without_model(analyzer, searched)
            return None if analysis is None else analyzer.colour(with_recorded_results(analysis))
        loaded = self._models.current.loaded
        self._handle_model_change(loaded)
        if searched.error is not None:
            self._report("Faces cannot be found", searched.error)
            return self._analyse_without_model(analyzer, searched)
        options = self._fallback.limit(self._options)
        classifier = loaded.classifier if loaded else None
        try:
            analysis = _analyze(analyzer, searched, classifier, options)
        except Exception as error:
            if loaded is not None and loaded.device != "cpu" and is_out_of_memory(error):
                self._degrade(loaded)
                return None
            return self._analyse_partially(analyzer, searched, loaded, error)
        if self._failure:
            log.info("Frames are analysed again")
        self._failure, self._failure_count = "", 0
        if loaded is not None and searched.faces and options.attribution and not options.hidden:
            loaded.face_ms.add(analysis.times.model / len(searched.faces))
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
            if loaded is not None and not self._leaves_a_core:
                self._leaves_a_core = True
                _leave_one_core()
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
        self,
        analyzer: "Analyzer",
        searched: SearchedFrame,
        loaded: LoadedModel | None,
        error: Exception,
    ) -> Analysis | None:
        """The analysis without the model, else without faces, else None."""
        analysis = self._analyse_without_model(analyzer, searched)
        if loaded is not None and analysis is not None:
            self._report(f"{loaded.classifier.card.name} fails on these pictures", error)
            self._failure_count += 1
            if self._failure_count == MAX_FAILURES:
                times = f"failed {MAX_FAILURES} times in a row and was stopped"
                name = loaded.classifier.card.name
                self._models.discard(loaded, f"{name} {times}: {error_text(error)}")
            return analysis
        analysis = self._analyse_without_model(analyzer, replace(searched, faces=[]))
        what = "These pictures cannot be analysed" if analysis is None else "Faces cannot be found"
        self._report(what, error)
        return analysis

    def _analyse_without_model(
        self, analyzer: "Analyzer", searched: SearchedFrame
    ) -> Analysis | None:
        """None when that fails too."""
        options = AnalysisOptions(max_faces=self._options.max_faces)
        try:
            return _analyze(analyzer, searched, None, options)
        except Exception:  # the first failure is the one to report
            return None

    def _report(self, what: str, error: Exception) -> None:
        message = f"{what}: {error_text(error)}"
        if message != self._failure:  # once, not thirty times a second
            log.error("%s", message, exc_info=error)
        self._failure = message


def _analyze(
    analyzer: "Analyzer",
    searched: SearchedFrame,
    classifier: "Classifier | None",
    options: AnalysisOptions,
) -> Analysis:
    analysis = analyzer.analyze(
        searched.frame, classifier, options, paint=True, detections=searched.faces
    )
    return replace(analysis, times=replace(analysis.times, landmarks=searched.milliseconds))


def _leave_one_core() -> None:
    from ferapp.vision.cores import leave_one_core  # imports torch

    leave_one_core()
