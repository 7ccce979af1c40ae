"""From what a person types to a source: the demo, a camera, a file, a folder or an address."""

from pathlib import Path

from ferapp.sources.base import FrameSource, SourceError
from ferapp.sources.camera_info import DEMO, camera_text
from ferapp.sources.camera_list import find_camera, list_cameras
from ferapp.sources.heavy_imports import load_opencv
from ferapp.sources.stream_address import URL
from trainer.files import asset

KINDS = "demo, camera, camera:N, camera:NAME, a video, an image, a folder of images, or a URL"


def open_source(text: str) -> FrameSource:
    """Open the source that `text` names. Raises SourceError with the reason when it fails.

    A camera takes a wished mode at its end: `camera:0@1280x720@30`.
    """
    load_opencv()
    from ferapp.sources.camera import Camera
    from ferapp.sources.images import SUFFIXES, ImageFolder, StillImage
    from ferapp.sources.stream import Stream
    from ferapp.sources.video import VideoFile

    if text == DEMO:
        return VideoFile(asset("demo/demo.mp4"), name="Demo clip")
    if (camera := camera_text(text)) is not None:
        return Camera(find_camera(camera[0], list_cameras()), camera[1])
    if URL.match(text):
        return Stream(text)
    if "://" in text:
        raise SourceError(f"{text}: this kind of address is not known", "Use http or rtsp.")
    path = Path(text).expanduser()
    if path.is_dir():
        return ImageFolder(path)
    if not path.is_file():
        raise SourceError(f"{text}: there is no such file", f"A source is {KINDS}.")
    return StillImage(path) if path.suffix.lower() in SUFFIXES else VideoFile(path)
