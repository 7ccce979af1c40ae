"""From a URI to its source: the demo, a camera, a file, a folder or an address."""

from pathlib import Path

from ferapp.sources.base import FrameSource, SourceError
from ferapp.sources.camera_info import DEMO, parse_camera_uri
from ferapp.sources.camera_list import find_camera, list_cameras
from ferapp.sources.heavy_imports import load_opencv
from ferapp.sources.stream_address import URL
from trainer.files import asset

KINDS = "demo, camera, camera:N, camera:NAME, a video, an image, a folder of images, or a URL"


def open_source(uri: str) -> FrameSource:
    """Open the source that `uri` names. Raises SourceError with the reason when it fails.

    The mode requested of a camera follows its name: `camera:0@1280x720@30`.
    """
    load_opencv()
    from ferapp.sources.camera import Camera
    from ferapp.sources.images import SUFFIXES, ImageFolder, StillImage
    from ferapp.sources.stream import Stream
    from ferapp.sources.video import VideoFile

    if uri == DEMO:
        return VideoFile(asset("demo/demo.mp4"), name="Demo clip")
    if (camera := parse_camera_uri(uri)) is not None:
        return Camera(find_camera(camera[0], list_cameras()), camera[1])
    if URL.match(uri):
        return Stream(uri)
    if "://" in uri:
        raise SourceError(f"{uri}: unknown kind of address", "Use http or rtsp.")
    path = Path(uri).expanduser()
    if path.is_dir():
        return ImageFolder(path)
    if not path.is_file():
        raise SourceError(f"{uri}: there is no such file", f"A source is {KINDS}.")
    return StillImage(path) if path.suffix.lower() in SUFFIXES else VideoFile(path)
