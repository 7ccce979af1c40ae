"""From a URI to its source: the demo, a camera, a file, a folder or an address."""

from pathlib import Path

from ferapp.sources.base import FrameSource, SourceError
from ferapp.sources.camera_info import DEMO, parse_camera_uri
from ferapp.sources.camera_list import find_camera, list_cameras
from ferapp.sources.file_kind import FileKind, file_kind, is_named_as_picture
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
    from ferapp.sources.images import ImageFolder
    from ferapp.sources.stream import Stream
    from ferapp.sources.video import VideoFile

    if uri == DEMO:
        return VideoFile(asset("demo/demo.mp4"), name="Demo clip")
    if (camera := parse_camera_uri(uri)) is not None:
        return Camera(find_camera(camera[0], list_cameras()), camera[1])
    if URL.match(uri):
        return Stream(uri)
    if "://" in uri and not Path(uri).exists():
        raise SourceError(f"{uri}: unknown kind of address", "Use http or rtsp.")
    path = Path(uri).expanduser()
    if path.is_dir():
        return ImageFolder(path)
    if not path.is_file():
        raise SourceError(f"{uri}: there is no such file", f"A source is {KINDS}.")
    return _open_file(path)


def _open_file(path: Path) -> FrameSource:
    """A picture, a video, or a picture that moves, as the content says and not the suffix."""
    from ferapp.sources.animated_picture import AnimatedPicture
    from ferapp.sources.images import StillImage
    from ferapp.sources.video import VideoFile

    try:
        kind = file_kind(path)
    except OSError as error:
        raise SourceError(f"{path}: could not be read ({error.strerror})") from error
    if kind is FileKind.UNKNOWN:
        kind = FileKind.PICTURE if is_named_as_picture(path) else FileKind.VIDEO
    match kind:
        case FileKind.PICTURE:
            return StillImage(path)
        case FileKind.PILLOW_ANIMATION:
            return AnimatedPicture(path)
        case FileKind.GIF_ANIMATION:
            return VideoFile(path, format_name="gif")
        case FileKind.PNG_ANIMATION:
            return VideoFile(path, format_name="apng")
        case _:
            return VideoFile(path)
