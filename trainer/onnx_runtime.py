"""Imports onnxruntime, which must not report to its makers what runs here."""

import os
from typing import Any

from trainer.errors import FerError

SWITCH = "ORT_DISABLE_TELEMETRY"


def import_onnxruntime() -> Any:
    """The package onnxruntime. Raises FerError with the remedy.

    From version 1.32 on it collects events of its use in a database in the user's cache and sends
    them, unless this variable is there before it is imported; this program sends nothing.
    """
    os.environ[SWITCH] = "1"
    try:
        import onnxruntime
    except ImportError as error:
        raise FerError(
            f"an ONNX file needs onnxruntime, which cannot be imported ({error})",
            "Install it: pip install onnxruntime, or pip install 'ferapp[export]'.",
        ) from error
    onnxruntime.disable_telemetry_events()  # where somebody imported it before
    return onnxruntime
