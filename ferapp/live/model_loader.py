"""The model that runs, and the thread that loads another one."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferapp.live.device_list import device_name, give_back_memory
from ferapp.live.meters import Percentiles
from ferapp.live.status import ModelState
from trainer.errors import FerError, error_text, is_out_of_memory
from trainer.model_index import model_reference

if TYPE_CHECKING:
    from ferapp.vision.classifier import Classifier
    from trainer.faces.landmarker import FaceLandmarker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that runs; `face_ms` are its times of one face with attribution, while it runs."""

    classifier: "Classifier"
    spec: str  # what `load` takes
    file: Path
    device: str  # its name in the list of devices
    face_ms: Percentiles
    moved: bool = False  # to the CPU, because the GPU ran out of memory; not chosen by the user


@dataclass(frozen=True, slots=True)
class LoaderState:
    """Replaced as a whole, so that other threads read values that belong together."""

    state: ModelState = ModelState.LOADING
    notice: str = ""
    loaded: LoadedModel | None = None


NO_MODEL = LoaderState(ModelState.NONE)


@dataclass(frozen=True, slots=True)
class _LoadRequest:
    model: str
    device: str
    moved: bool = False


class ModelLoader:
    """Loads the landmarker and, beside it, the requested models; the newest request wins.

    While a model loads, and if it fails, the previous one keeps running. `on_attempt` is called in
    the loading thread after every attempt.
    """

    def __init__(
        self,
        model: str,
        device: str,
        make_landmarker: "Callable[[], FaceLandmarker | None]",
        make_classifier: "Callable[[str, str], Classifier]",
        on_attempt: Callable[[], None],
    ) -> None:
        self.current = LoaderState()
        self.landmarker: FaceLandmarker | None = None
        self.landmarker_notice = ""  # why there is none
        self.has_tried = False  # the first load is over: torch is imported, or cannot be
        self._make_landmarker, self._make_classifier = make_landmarker, make_classifier
        self._on_attempt = on_attempt
        self._face_ms: dict[tuple[Path, str], Percentiles] = {}  # by file and device
        self._lock = threading.Lock()  # held briefly only: the GUI thread calls `load`
        self._request = _LoadRequest(model, device)  # the newest
        self._is_pending = True  # the loading thread has not started the request
        self._is_loading = False
        self._is_cancelled = False  # the running load is no longer needed
        self._closing = False
        self._wake = threading.Event()
        self._wake.set()
        self._threads = [
            threading.Thread(target=self._run, name="loading", daemon=True),
            threading.Thread(target=self._load_landmarker, name="landmarker", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def measured_ms(self, file: Path) -> dict[str, float]:
        """Median times of one face with this model file, by device it has run on."""
        times = list(self._face_ms.items())  # another thread may add one
        medians = {device: ms.get()[0] for (path, device), ms in times if path == file}
        return {device: round(ms, 1) for device, ms in medians.items() if ms}

    def load(self, model: str, device: str = "") -> None:
        """Keeps the current device unless `device` is given."""
        with self._lock:
            self._submit(_LoadRequest(model, device or self._request.device))

    def unload(self) -> None:
        """Release the model that runs, and the one that is being loaded."""
        with self._lock:
            self.current = NO_MODEL
            self._is_pending = False
            self._is_cancelled = self._is_loading

    def use_device(self, device: str) -> None:
        with self._lock:
            self._submit(_LoadRequest(self._request.model, device))

    def move_to_cpu(self, loaded: LoadedModel) -> None:
        """Release `loaded`, whose GPU is out of memory, and load it on the CPU."""
        with self._lock:
            if self.current.loaded is not loaded:
                return
            self.current = replace(self.current, loaded=None)
            if not self._is_busy:  # else another model replaces it anyway
                self._submit(_LoadRequest(loaded.spec, "cpu", moved=True))

    def discard(self, loaded: LoadedModel, notice: str) -> None:
        """Release `loaded`, which fails."""
        with self._lock:
            if self.current.loaded is loaded:
                log.error("%s", notice)
                state = ModelState.LOADING if self._is_busy else ModelState.FAILED
                self.current = LoaderState(state, notice)

    def close(self) -> None:
        """Wait for a load in progress: torch does not survive being interrupted."""
        self._closing = True
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        if self.landmarker is not None:
            self.landmarker.close()

    # --- with the lock held ---------------------------------------------------------------------

    @property
    def _is_busy(self) -> bool:
        return self._is_pending or (self._is_loading and not self._is_cancelled)

    def _submit(self, request: _LoadRequest) -> None:
        self._request, self._is_pending = request, True
        self.current = replace(self.current, state=ModelState.LOADING)
        self._wake.set()

    def _end_load(self) -> bool:
        """Whether the result of the finished load is still needed."""
        self._is_loading = False
        return not self._is_cancelled

    # --- in the threads -------------------------------------------------------------------------

    def _load_landmarker(self) -> None:
        try:
            self.landmarker = self._make_landmarker()
        except Exception as error:  # models can still load, and the window shows their cards
            log.exception("The landmarker cannot be loaded")
            self.landmarker_notice = f"Faces cannot be found: {error_text(error)}"

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if self._closing:
                return
            with self._lock:
                self._wake.clear()
                if not self._is_pending:  # cancelled before it started
                    continue
                request = self._request
                self._is_pending, self._is_loading, self._is_cancelled = False, True, False
            self._attempt(request)
            self.has_tried = True
            self._on_attempt()

    def _attempt(self, request: _LoadRequest) -> None:
        try:
            loaded = self._load_now(request)
        except FerError as error:
            log.warning("%s on %s: %s", request.model, request.device, error)
            self._fail(str(error))
        except Exception as error:  # native code can raise anything; the previous model stays
            log.exception("%s on %s cannot be loaded", request.model, request.device)
            self._fail(_load_error(request, error))
        else:
            if not self._take_over(loaded):
                del loaded
                give_back_memory()

    def _load_now(self, request: _LoadRequest) -> LoadedModel:
        classifier = self._make_classifier(request.model, request.device)
        file, device = classifier.path.resolve(), device_name(classifier.device)
        log.info("%s runs on %s", classifier.card.name, device)
        times = self._face_ms.setdefault((file, device), Percentiles())
        return LoadedModel(classifier, model_reference(file), file, device, times, request.moved)

    def _take_over(self, loaded: LoadedModel) -> bool:
        with self._lock:
            if not self._end_load():
                return False
            state = ModelState.LOADING if self._is_pending else ModelState.READY
            self.current = LoaderState(state, "", loaded)
            return True

    def _fail(self, notice: str) -> None:
        with self._lock:
            if not self._end_load():
                return
            state = ModelState.LOADING if self._is_pending else ModelState.FAILED
            running = self.current.loaded
            self.current = LoaderState(state, notice, running)
            if running is not None and not self._is_pending:
                # the next request for a model means the device that works, and vice versa
                self._request = _LoadRequest(running.spec, running.device, running.moved)


def _load_error(request: _LoadRequest, error: Exception) -> str:
    if is_out_of_memory(error):
        where = "The graphics card" if request.device == "auto" else request.device
        return (
            f"{where} has too little free memory for {request.model}\n"
            "Close other programs that use it, or choose another device."
        )
    return f"{request.model} cannot be used on {request.device}: {error_text(error)}"
