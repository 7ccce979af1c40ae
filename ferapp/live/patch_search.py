"""Looks for the smallest patch that changes the answer, in steps between two frames."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferapp.vision.hidden_areas import Fill
from trainer.errors import error_text

if TYPE_CHECKING:  # imports torch and OpenCV
    from ferapp.vision.classifier import Classifier
    from ferapp.vision.smallest_patch import PatchSearchState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    image: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    fill: Fill


class PatchSearch:
    """One search at a time. The window starts and reads it; the inference thread runs it.

    A model must not run in two threads at once, so that a search shares the thread of the live
    view, which goes on between its batches.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._request: _Request | None = None
        self._state: PatchSearchState | None = None
        self._failure = ""
        # of the inference thread
        self._running: _Request | None = None
        self._classifier: Classifier | None = None
        self._states: Iterator[PatchSearchState] = iter(())

    @property
    def is_running(self) -> bool:
        return self._request is not None

    @property
    def state(self) -> "PatchSearchState | None":
        """The latest of the last search; None before its first batch."""
        return self._state

    @property
    def failure(self) -> str:
        """Why the last search ended without a result, for a person; "" when all is well."""
        return self._failure

    def start(self, image: NDArray[np.uint8], landmarks: NDArray[np.float32], fill: Fill) -> None:
        """Search the face with these landmarks (68, 2) in a picture (H, W, 3) BGR."""
        with self._lock:
            self._request, self._state = _Request(image, landmarks, fill), None
            self._failure = ""

    def cancel(self) -> None:
        with self._lock:
            self._request = self._state = None

    def step(self, classifier: "Classifier | None") -> None:
        """Test one batch of patches, if a search runs. Called by the inference thread only."""
        request = self._request
        if request is None:
            self._running = self._classifier = None
            return
        state: PatchSearchState | None = None
        failure = ""
        try:
            if request is not self._running:
                self._running, self._classifier = request, classifier
                self._states = _states(request, classifier) if classifier is not None else iter(())
            if classifier is None or classifier is not self._classifier:
                failure = "The search ended, because the model changed."
            else:
                state = next(self._states)
        except Exception as error:
            failure = f"The search failed: {error_text(error)}"
            log.error("%s", failure, exc_info=error)
        with self._lock:
            if request is self._request:  # else it was cancelled, or another one began
                self._state = state or self._state
                self._failure = failure
                if failure or (state is not None and state.is_done):
                    self._request = None


def _states(request: _Request, classifier: "Classifier") -> "Iterator[PatchSearchState]":
    from ferapp.vision.smallest_patch import find_smallest_patch
    from trainer.faces.align import crop_face, transform_points

    aligned = crop_face(request.image, request.landmarks, classifier.card.preprocessing)
    points = transform_points(aligned.matrix, request.landmarks)
    return find_smallest_patch(
        aligned.crop,
        points,
        request.fill,
        lambda crops: classifier.classify(crops, attribution=False).probabilities,
    )
