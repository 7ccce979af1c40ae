"""Imports the few modules of MediaPipe that find faces.

`import mediapipe` also runs its audio, text and drawing code, which imports matplotlib and the
sound library: .4 s of processor time, and more without bytecode.
"""

import importlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from trainer.errors import FerError

PACKAGE = "mediapipe"
# packages whose `__init__` imports what is not needed here
BARE = (PACKAGE, f"{PACKAGE}.tasks.python", f"{PACKAGE}.tasks.python.vision")

_lock = threading.Lock()
_imported: "MediaPipe | None" = None


@dataclass(frozen=True, slots=True)
class MediaPipe:
    """Its modules, by what they define."""

    image: Any  # Image, ImageFormat
    landmarker: Any  # FaceLandmarker, FaceLandmarkerOptions
    detector: Any  # FaceDetector, FaceDetectorOptions
    running_mode: Any  # VisionTaskRunningMode
    base_options: Any  # BaseOptions


def import_mediapipe() -> MediaPipe:
    """Imports it once. Raises FerError with the remedy."""
    global _imported
    with _lock:
        if _imported is None:
            try:
                with _bare_packages():
                    _imported = _import_tasks()
            except ImportError as error:
                raise FerError(
                    f"MediaPipe cannot be imported: {error}",
                    "Landmarks need it: install the package mediapipe, or use prepared data.",
                ) from error
        return _imported


def _import_tasks() -> MediaPipe:
    tasks = f"{PACKAGE}.tasks.python"
    # maps the native library now: later it would be looked up in the whole package
    importlib.import_module(f"{tasks}.core.mediapipe_c_bindings").load_raw_library()
    return MediaPipe(
        image=importlib.import_module(f"{tasks}.vision.core.image"),
        landmarker=importlib.import_module(f"{tasks}.vision.face_landmarker"),
        detector=importlib.import_module(f"{tasks}.vision.face_detector"),
        running_mode=importlib.import_module(f"{tasks}.vision.core.vision_task_running_mode"),
        base_options=importlib.import_module(f"{tasks}.core.base_options"),
    )


@contextmanager
def _bare_packages() -> Iterator[None]:
    """Inside, MediaPipe's modules are imported without running the `__init__` of BARE.

    Afterwards they are ours alone, so that `import mediapipe` elsewhere gives the whole package.
    """
    spec = find_spec(PACKAGE)
    if PACKAGE in sys.modules or spec is None or spec.origin is None:
        yield  # somebody has imported the whole package, or there is none
        return
    root = Path(spec.origin).parent.parent
    for name in BARE:
        sys.modules[name] = bare = ModuleType(name)
        bare.__path__ = [str(root.joinpath(*name.split(".")))]
    try:
        yield
    finally:
        for name in list(sys.modules):
            if name.partition(".")[0] == PACKAGE:
                del sys.modules[name]
