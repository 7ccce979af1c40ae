"""The model that runs, and the loading of another one in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferapp.live.device_list import device_name
from ferapp.live.error_text import reason
from ferapp.live.status import ModelState
from trainer.errors import FerError, is_out_of_memory
from trainer.model_index import model_reference

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier
    from trainer.faces.landmarker import FaceLandmarker

log = logging.getLogger(__name__)

MEASURED_S = 0.3  # so long the time of one face is measured
LEAST_MEASURED = 3  # times: a single one may fall into a moment when the machine is busy


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that runs."""

    classifier: "Classifier"
    spec: str  # what `load` takes
    file: Path
    device: str  # as in the list of devices
    ms: float  # of one face with attribution
    moved: bool = False  # here because the GPU's memory did not suffice, not because it was chosen


@dataclass(frozen=True, slots=True)
class ModelNow:
    """Replaced as a whole, so that a reader in another thread sees what belongs together."""

    state: ModelState = ModelState.LOADING
    notice: str = ""
    loaded: Loaded | None = None


NO_MODEL = ModelNow(ModelState.NONE)


@dataclass(frozen=True, slots=True)
class _Wish:
    model: str
    device: str
    moved: bool = False


class Models:
    """Loads the landmarker, then the models asked for; the newest wish wins.

    While one loads, and if it fails, the running one goes on. `on_change` is called in the loading
    thread after every attempt.
    """

    def __init__(
        self,
        model: str,
        device: str,
        make_landmarker: "Callable[[], FaceLandmarker | None]",
        make_classifier: "Callable[[str, str], Classifier]",
        on_change: Callable[[], None],
    ) -> None:
        self.now = ModelNow()
        self.landmarker: FaceLandmarker | None = None
        self.landmarker_notice = ""  # why there is none
        self.tried = False  # whether a first model was loaded, or failed: torch is there, or fails
        self._make_landmarker, self._make_classifier = make_landmarker, make_classifier
        self._on_change = on_change
        self._ms: dict[Path, dict[str, float]] = {}
        self._lock = threading.Lock()  # held for moments only: the window calls `load`
        self._wish = _Wish(model, device)
        self._is_new = True  # the wish was not taken up yet
        self._is_loading = False
        self._closing = False
        self._asked = threading.Event()
        self._asked.set()
        self._thread = threading.Thread(target=self._run, name="loading", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ms(self, file: Path) -> dict[str, float]:
        """Times of one face measured with this file, by device."""
        return self._ms.get(file, {})

    def load(self, model: str, device: str = "") -> None:
        """`device` is the one of before unless it is named."""
        with self._lock:
            self._ask(_Wish(model, device or self._wish.device))

    def let_go(self) -> None:
        """Of the model that runs, which nobody needs now."""
        with self._lock:
            self.now = NO_MODEL

    def use_device(self, device: str) -> None:
        with self._lock:
            self._ask(_Wish(self._wish.model, device))

    def move_to_cpu(self, loaded: Loaded) -> None:
        """Let go of `loaded`, whose GPU has too little memory, and load it on the CPU."""
        with self._lock:
            if self.now.loaded is not loaded:
                return
            self.now = replace(self.now, loaded=None)
            if not (self._is_new or self._is_loading):  # else another one comes anyway
                self._ask(_Wish(loaded.spec, "cpu", moved=True))

    def drop(self, loaded: Loaded, notice: str) -> None:
        """Let go of `loaded`, which fails."""
        with self._lock:
            if self.now.loaded is loaded:
                log.error("%s", notice)
                busy = self._is_new or self._is_loading
                state = ModelState.LOADING if busy else ModelState.FAILED
                self.now = ModelNow(state, notice)

    def close(self) -> None:
        """Waits for a load that is under way: torch does not survive being cut off."""
        self._closing = True
        self._asked.set()
        if self._thread.is_alive():
            self._thread.join()
        if self.landmarker is not None:
            self.landmarker.close()

    def _ask(self, wish: _Wish) -> None:
        self._wish, self._is_new = wish, True
        self.now = replace(self.now, state=ModelState.LOADING)
        self._asked.set()

    # --- in the loading thread ------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self.landmarker = self._make_landmarker()
        except Exception as error:  # models are of use without it later: they say what they are
            log.exception("The landmarker cannot be loaded")
            self.landmarker_notice = f"Faces cannot be found: {reason(error)}"
        while True:
            self._asked.wait()
            if self._closing:
                return
            with self._lock:
                self._asked.clear()
                wish, self._is_new, self._is_loading = self._wish, False, True
            self._try(wish)
            self.tried = True
            self._on_change()

    def _try(self, wish: _Wish) -> None:
        try:
            loaded = self._loaded(wish)
        except FerError as error:
            log.warning("%s on %s: %s", wish.model, wish.device, error)
            self._failed(str(error))
        except Exception as error:  # native code behind it: whatever fails, the old one goes on
            log.exception("%s on %s cannot be loaded", wish.model, wish.device)
            self._failed(_words(wish, error))
        else:
            self._take_over(loaded)

    def _loaded(self, wish: _Wish) -> Loaded:
        classifier = self._make_classifier(wish.model, wish.device)
        file, device = classifier.path.resolve(), device_name(classifier.device)
        ms = _milliseconds(classifier)
        self._ms[file] = {**self.ms(file), device: ms}
        log.info("%s runs on %s: %.1f ms a face with attribution", classifier.card.name, device, ms)
        return Loaded(classifier, model_reference(file), file, device, ms, wish.moved)

    def _take_over(self, loaded: Loaded) -> None:
        with self._lock:
            self._is_loading = False
            state = ModelState.LOADING if self._is_new else ModelState.READY
            self.now = ModelNow(state, "", loaded)

    def _failed(self, notice: str) -> None:
        with self._lock:
            self._is_loading = False
            state = ModelState.LOADING if self._is_new else ModelState.FAILED
            running = self.now.loaded
            self.now = ModelNow(state, notice, running)
            if running is not None and not self._is_new:
                # the next wish for a model means the device that works, and the other way round
                self._wish = _Wish(running.spec, running.device, running.moved)


def _milliseconds(classifier: "Classifier") -> float:
    """Time of one face with attribution: the best of some, for what else runs only adds to it."""
    ends, seconds = time.perf_counter() + MEASURED_S, list[float]()
    while len(seconds) < LEAST_MEASURED or time.perf_counter() < ends:
        seconds.append(classifier.seconds_per_face(attribution=True, repeats=1))
    return 1000 * min(seconds)


def _words(wish: _Wish, error: Exception) -> str:
    if is_out_of_memory(error):
        where = "The graphics card" if wish.device == "auto" else wish.device
        return (
            f"{where} has too little free memory for {wish.model}\n"
            "Close other programs that use it, or choose another device."
        )
    return f"{wish.model} cannot be used on {wish.device}: {reason(error)}"
