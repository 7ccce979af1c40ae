"""The detection thread: finds the faces of a frame while the model works on the frame before."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferapp.live.mailbox import LatestMailbox
from ferapp.live.model_loader import ModelLoader
from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import AnalysisOptions

if TYPE_CHECKING:
    from ferapp.vision.pipeline import Analyzer
    from trainer.faces.landmarker import DetectedFace

log = logging.getLogger(__name__)

WAIT_S = 0.1  # for frames and for the inference thread, before it looks whether it should end
SPARE_S = 0.004  # that a result may wait for the model: searches do not all take equally long
MAX_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class SearchedFrame:
    """A frame and its faces; `error` is why there are none, where the search failed."""

    frame: Frame
    faces: "list[DetectedFace]"
    milliseconds: float = 0.0  # of the search
    error: Exception | None = None


class Pacing:
    """When to search the next frame: so that its faces are there just when the model is free.

    Found earlier, they would wait for the model and be old by then.
    """

    def __init__(self) -> None:
        self.pause_s = 0.0  # between the model's taking of a result and the next search

    def result_taken(self, waited_s: float) -> None:
        """`waited_s` is how long the result had waited for the model; 0: the model for it."""
        if waited_s < SPARE_S:
            self.pause_s *= 0.7
        else:
            self.pause_s = min(self.pause_s + (waited_s - SPARE_S) / 2, MAX_PAUSE_S)


class DetectionThread:
    """Searches the newest of `frames`, one frame ahead of who takes the results.

    A next frame is not taken before the last result was, and with a slow model some time after, see
    Pacing. `options` is asked for each frame; None skips it.
    """

    def __init__(
        self,
        frames: LatestMailbox[Frame],
        models: ModelLoader,
        make_analyzer: "Callable[[], Analyzer]",
        options: Callable[[Frame], AnalysisOptions | None],
    ) -> None:
        self.results: LatestMailbox[SearchedFrame] = LatestMailbox()
        self.newest: Frame | None = None  # that was taken
        self.analyzer: Analyzer | None = None
        self.failure: Exception | None = None  # why there is no analyzer
        self._frames, self._models, self._make_analyzer = frames, models, make_analyzer
        self._options = options
        self._pacing = Pacing()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="detection", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self.analyzer = self._make_analyzer()
        except Exception as error:
            self.failure = error
            return
        put_at: float | None = None  # when the last result was
        while not self._closing.is_set():
            if not self.results.wait_until_taken(WAIT_S):
                continue
            if put_at is not None:
                self._pacing.result_taken(time.perf_counter() - put_at)
                put_at = None
                self._closing.wait(self._pacing.pause_s)
            frame = self._frames.take(WAIT_S)
            if frame is None:
                continue
            self.newest = frame
            options = self._options(frame)
            if options is not None:
                self.results.put(self._search(self.analyzer, frame, options))
                put_at = time.perf_counter()

    def _search(
        self, analyzer: "Analyzer", frame: Frame, options: AnalysisOptions
    ) -> SearchedFrame:
        analyzer.landmarker = self._models.landmarker
        started = time.perf_counter()
        try:
            faces = analyzer.detect(frame, options)
        except Exception as error:
            return SearchedFrame(frame, [], error=error)
        return SearchedFrame(frame, faces, 1000 * (time.perf_counter() - started))
