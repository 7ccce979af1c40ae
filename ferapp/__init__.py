"""Facial expression recognition in three lines.

    import ferapp

    fer = ferapp.load("default")
    faces = fer("face.jpg")  # largest first
    faces[0].label, faces[0].confidence  # "happy", 0.93

`load` gives a `FaceAnalyzer`, which gives `Face`s; `analyze` makes a table of a video, a folder of
pictures, a camera or a stream; `register` adds a torch module of your own to the models. What fails
for a reason that a person can mend raises `FerError`.
Importing the package is cheap: torch, OpenCV and MediaPipe are loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferapp.sources.heavy_imports import load_torch  # sets OpenCV's environment, too

if TYPE_CHECKING:
    from ferapp.api.analyze_table import analyze
    from ferapp.api.face_analyzer import FaceAnalyzer, load
    from ferapp.api.face_result import Face
    from trainer import __version__
    from trainer.errors import FerError
    from trainer.models.other_models.registered import register

__all__ = ["Face", "FaceAnalyzer", "FerError", "__version__", "analyze", "load", "register"]

_MODULES = {
    "Face": "ferapp.api.face_result",
    "FaceAnalyzer": "ferapp.api.face_analyzer",
    "FerError": "trainer.errors",
    "__version__": "trainer",
    "analyze": "ferapp.api.analyze_table",
    "load": "ferapp.api.face_analyzer",
    "register": "trainer.models.other_models.registered",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'ferapp' has no attribute {name!r}")
    if _MODULES[name].startswith(("ferapp.api", "trainer.models")):
        load_torch()  # with its environment, before these modules import it
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
