"""OpenCV and torch: set up before they are imported, and imported by one thread at a time.

`ferapp/__init__.py` imports this module, so the environment below is set before any module of the
package can import cv2. Two threads that import cv2 at once find it half initialised: it removes
itself from `sys.modules` for a moment ("module 'cv2' has no attribute 'typing'").
"""

import importlib
import os
import threading

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


def load_opencv() -> None:
    """Import cv2. Call this before importing anything that imports cv2."""
    with _lock:
        importlib.import_module("cv2")


def load_torch() -> None:
    """Import torch, after OpenCV, which some of it uses.

    OpenMP threads that wait would spin on the cores that landmarks and window need: 140 ms a face
    instead of 12 on two busy cores. torch reads the policy while it is imported; it is removed
    again because training processes should not inherit it.
    """
    load_opencv()
    with _lock:
        is_set = "OMP_WAIT_POLICY" in os.environ
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        try:
            importlib.import_module("torch")
        finally:
            if not is_set:
                del os.environ["OMP_WAIT_POLICY"]
