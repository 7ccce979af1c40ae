"""OpenCV and torch, loaded on first use and by one thread at a time.

Two threads that import one of them at once find it half made: OpenCV's import puts itself aside
for a moment ("module 'cv2' has no attribute 'typing'").
"""

import importlib
import os
import threading

_lock = threading.Lock()


def load_opencv() -> None:
    """Before anything that brings cv2."""
    with _lock:
        importlib.import_module("cv2")


def load_torch() -> None:
    """Before anything that brings torch; OpenCV first, which some of it uses.

    Its threads that wait would spin on the cores that landmarks and window need: 140 ms a face
    instead of 12 on two busy cores. That is read at torch's import, and not meant for a training.
    """
    load_opencv()
    with _lock:
        given = "OMP_WAIT_POLICY" in os.environ
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        try:
            importlib.import_module("torch")
        finally:
            if not given:
                del os.environ["OMP_WAIT_POLICY"]
