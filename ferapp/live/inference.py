"""The analysis thread: frames in, analyses out, come what may."""

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

FAILURES = 5  # in a row: then the model is let go


class InferenceThread:
    """Analyses the newest of `frames` with what `models` has.

    What fails is left out of that picture: first the model, then the landmarks. A GPU that runs
    out of memory is given less to do. `notice` says what is left out, and why.
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
        self.again = False  # recordings are analysed, in place of the results that they have
        self._options = AnalysisOptions()
        self._fallback = OomFallback()
        self._all_again = False  # the next frame tries what was given up
        self._loaded: LoadedModel | None = None  # of the frame before
        self._newest: Frame | None = None
        self._trouble = ""
        self._failures = 0  # of the model, in a row
        self._seen = True
        self._other: ModelLoader | None = None  # the second model, while two are compared
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="analysis", daemon=True)

    @property
    def notice(self) -> str:
        parts = (self._models.landmarker_notice, self._fallback.notice, self._trouble)
        return "\n".join(part for part in parts if part)

    def set_options(self, options: AnalysisOptions) -> None:
        """From the next frame on. Attribution switched on anew is tried again."""
        if options.attribution and not self._options.attribution:
            self._all_again = True
        self._options = options

    def compare_with(self, other: ModelLoader | None) -> None:
        """Let a second model look at the same faces; None is one model alone."""
        self._other = other

    def look_again(self) -> None:
        """Analyse the newest frame once more, unless another one waits."""
        if self._newest is not None:
            repeat = replace(self._newest, captured_at=time.perf_counter(), is_repeat=True)
            self._frames.put_back(repeat)

    def set_seen(self, seen: bool) -> None:
        """Frames that nobody can see are not analysed: the machine is free for other pages."""
        before, self._seen = self._seen, seen
        if seen and not before:
            self.results.take()  # of the moment when somebody last looked
            self.look_again()  # what is held does not come by itself

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    # --- in the analysis thread -----------------------------------------------------------------

    def _run(self) -> None:
        try:
            analyzer = self._make_analyzer()
        except Exception as error:
            self._say("Pictures cannot be analysed", error)
            return
        while not self._closing.is_set():
            frame = self._frames.take(timeout=0.1)
            if frame is None:
                continue
            self._newest = frame
            if not (self._seen or self._recorder.is_active):
                continue
            if frame.recorded is not None and (frame.has_overlays or not self.again):
                analysis = self._replayed(analyzer, frame)
            else:
                analysis = self._analyse(analyzer, frame)
            if analysis is not None:
                if not frame.is_repeat:
                    self._recorder.add(analysis, self._loaded)
                self.stages = analysis.times
                self.results.put(analysis)
                self.rate.tick()

    def _replayed(self, analyzer: "Analyzer", frame: Frame) -> Analysis | None:
        """The recorded results with their picture: nothing is computed."""
        analyzer.landmarker = None
        analysis = self._try(analyzer, frame)
        return None if analysis is None else with_recorded_results(analysis)

    def _analyse(self, analyzer: "Analyzer", frame: Frame) -> Analysis | None:
        loaded = self._models.current.loaded
        self._mind_changes(loaded)
        analyzer.landmarker = self._models.landmarker
        options = self._fallback.limit(self._options)
        classifier = loaded.classifier if loaded else None
        try:
            analysis = analyzer.analyze(frame, classifier, options, paint=True)
        except Exception as error:
            if loaded is not None and loaded.device != "cpu" and is_out_of_memory(error):
                self._give_up_more(loaded)
                return None
            return self._without_what_fails(analyzer, frame, loaded, error)
        if self._trouble:
            log.info("Pictures are analysed again")
        self._trouble, self._failures = "", 0
        return self._compared(analyzer, analysis, options)

    def _compared(
        self, analyzer: "Analyzer", analysis: Analysis, options: AnalysisOptions
    ) -> Analysis:
        """With the second model, if there is one; one that fails is let go and the first goes on.

        On a GPU that has too little memory for both it is the second that goes.
        """
        models = self._other
        loaded = models.current.loaded if models is not None else None
        if models is None or loaded is None:
            return analysis
        try:
            return analyzer.compare(analysis, loaded.classifier, options)
        except Exception as error:
            name = loaded.classifier.card.name
            models.discard(loaded, f"{name} fails on these pictures: {error_text(error)}")
            return analysis

    def _mind_changes(self, loaded: LoadedModel | None) -> None:
        before, self._loaded = self._loaded, loaded
        chosen = loaded is not None and loaded is not before and not loaded.moved
        if chosen or (self._all_again and self._fallback.level < Degradation.NO_GPU):
            self._fallback.reset()
        self._all_again = False
        if loaded is not before:
            self._failures = 0
            if before is not None:
                del before
                give_back_memory()

    def _give_up_more(self, loaded: LoadedModel) -> None:
        level = self._fallback.degrade(self._options, loaded.device)
        log.warning("%s", self._fallback.notice)
        if level is Degradation.NO_GPU:
            self._models.move_to_cpu(loaded)
        else:
            self.look_again()  # with less; what is held has no next picture

    def _without_what_fails(
        self, analyzer: "Analyzer", frame: Frame, loaded: LoadedModel | None, error: Exception
    ) -> Analysis | None:
        """The analysis without the model, or else without landmarks, or else None."""
        if loaded is not None and (analysis := self._try(analyzer, frame)) is not None:
            self._say(f"{loaded.classifier.card.name} fails on these pictures", error)
            self._failures += 1
            if self._failures == FAILURES:
                times = f"failed {FAILURES} times in a row and was stopped"
                name = loaded.classifier.card.name
                self._models.discard(loaded, f"{name} {times}: {error_text(error)}")
            return analysis
        analyzer.landmarker = None
        analysis = self._try(analyzer, frame)
        what = "These pictures cannot be analysed" if analysis is None else "Faces cannot be found"
        self._say(what, error)
        return analysis

    def _try(self, analyzer: "Analyzer", frame: Frame) -> Analysis | None:
        """The analysis without a model; None when that fails too."""
        options = AnalysisOptions(max_faces=self._options.max_faces)
        try:
            return analyzer.analyze(frame, None, options, paint=True)
        except Exception:  # what failed first is what is told
            return None

    def _say(self, what: str, error: Exception) -> None:
        words = f"{what}: {error_text(error)}"
        if words != self._trouble:  # not thirty times a second
            log.error("%s", words, exc_info=error)
        self._trouble = words
