"""From what a person types to a source: `demo`, `camera[:N]`, or a file."""

import re
from pathlib import Path

from ferapp.sources.frame import FrameSource, SourceError
from ferapp.sources.video import Camera, StillImage, VideoFile
from trainer.files import asset

DEMO = "demo"
CAMERA = "camera"
IMAGES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def open_source(text: str) -> FrameSource:
    """Open the source that `text` names. Raises SourceError with the reason when it fails."""
    if text == DEMO:
        return VideoFile(asset("demo/demo.mp4"), name="Demo clip")
    camera = re.fullmatch(rf"{CAMERA}(?::(\d+))?", text)
    if camera:
        return Camera(int(camera[1] or 0))
    path = Path(text).expanduser()
    if path.is_dir():
        raise SourceError(f"{path}: this is a folder", "Name a video or image file.")
    if not path.is_file():
        raise SourceError(
            f"{text}: there is no such file",
            "A source is demo, camera, camera:N, a video file or an image file.",
        )
    return StillImage(path) if path.suffix.lower() in IMAGES else VideoFile(path)
