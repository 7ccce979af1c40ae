"""OpenCV and torch: set up before they are imported, and each imported by one thread at a time.

`ferapp/__init__.py` imports this module, so the environment below is set before any module of the
package can import cv2. Two threads that import cv2 at once find it half initialised: it removes
itself from `sys.modules` for a moment ("module 'cv2' has no attribute 'typing'").
"""

import ctypes
import importlib
import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

OPENCV_ENVIRONMENT = {
    # quiet: our own errors report what goes wrong
    "OPENCV_LOG_LEVEL": "ERROR",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    # give up a silent camera on Linux after 5 s instead of 10
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "5",
    # Media Foundation takes 4 to 20 s to open a camera with these (opencv/opencv#17687)
    "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",
}
for _name, _value in OPENCV_ENVIRONMENT.items():
    os.environ.setdefault(_name, _value)

_lock = threading.Lock()
_torch_lock = threading.Lock()


def load_opencv() -> None:
    """Import cv2. Call this before importing anything that imports cv2."""
    with _lock:
        importlib.import_module("cv2")


def load_torch() -> None:
    """Import torch, then OpenCV, which the code around it uses.

    OpenMP threads that wait would spin on the cores that landmarks and window need: 140 ms a face
    instead of 12 on two busy cores. torch reads the policy while it is imported; it is removed
    again because training processes should not inherit it.
    """
    with _torch_lock:
        is_set = "OMP_WAIT_POLICY" in os.environ
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        try:
            _map_torch_libraries()
            importlib.import_module("torch")
        finally:
            if not is_set:
                del os.environ["OMP_WAIT_POLICY"]
    load_opencv()


def _map_torch_libraries() -> None:
    """Map torch's libraries (Linux) without holding the interpreter's lock.

    The import itself would hold it for a third of a second, and the window would stand still. Where
    this fails, the import maps them, or says what is wrong.
    """
    spec = find_spec("torch")
    if sys.platform != "linux" or "torch" in sys.modules or spec is None or spec.origin is None:
        return
    folder = Path(spec.origin).parent / "lib"
    map_library = ctypes.CDLL(None).dlopen  # called as a function of C, which releases the lock
    map_library.argtypes, map_library.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    # as torch does: what the others depend on is visible to all
    map_library(bytes(folder / "libtorch_global_deps.so"), os.RTLD_LAZY | os.RTLD_GLOBAL)
    map_library(bytes(folder / "libtorch.so"), os.RTLD_LAZY | os.RTLD_LOCAL)
