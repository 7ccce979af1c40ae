"""From a URI to its source: the demo, a camera, a file, a folder or an address."""

import errno
import stat
from pathlib import Path

from ferapp.sources.base import FrameSource, NoSuchSource, SourceError
from ferapp.sources.camera_info import DEMO, DEMO_NAME, parse_camera_uri
from ferapp.sources.camera_list import find_camera, list_cameras
from ferapp.sources.file_kind import FileKind, file_kind, is_named_as_picture
from ferapp.sources.heavy_imports import load_opencv
from ferapp.sources.limits import DEFAULT_LIMITS, SourceLimits
from ferapp.sources.stream_address import URL
from trainer.data.reading.picture_header import read_header
from trainer.files import asset
from trainer.shown_text import shown_name

KINDS = "demo, camera, camera:N, camera:NAME, a video, an image, a folder of images, or a URL"


def open_source(uri: str, limits: SourceLimits = DEFAULT_LIMITS) -> FrameSource:
    """Open the source that `uri` names. Raises SourceError with the reason when it fails.

    `limits` say how large pictures may be, and where an address may lead. The mode requested of a
    camera follows its name: `camera:0@1280x720@30`.
    """
    load_opencv()
    from ferapp.sources.camera import Camera
    from ferapp.sources.images import ImageFolder
    from ferapp.sources.stream import Stream
    from ferapp.sources.video import VideoFile

    if uri == DEMO:
        return VideoFile(asset("demo/demo.mp4"), name=DEMO_NAME)
    if (camera := parse_camera_uri(uri)) is not None:
        return Camera(find_camera(camera[0], list_cameras()), camera[1])
    if URL.match(uri):
        return Stream(uri, limits=limits)
    path, mode = _find_existing(uri)
    if stat.S_ISDIR(mode):
        return ImageFolder(path, limits.picture_pixels)
    if not stat.S_ISREG(mode):
        raise SourceError(
            f"{shown_name(uri)}: this is a device, a pipe or a socket, not a file",
            "A camera is named as camera:N.",
        )
    return _open_file(path, limits)


def check_source(uri: str) -> None:
    """Raise SourceError for a file or folder that is not there. Nothing is opened, no camera and
    address looked for.
    """
    if uri != DEMO and parse_camera_uri(uri) is None and not URL.match(uri):
        _find_existing(uri)


def _find_existing(uri: str) -> tuple[Path, int]:
    """The path that `uri` names and its mode. Raises SourceError where there is nothing."""
    path, mode = _find(uri)
    if mode is None and "://" in uri:
        raise NoSuchSource(f"{shown_name(uri)}: unknown kind of address", "Use http or rtsp.")
    if mode is None:
        raise NoSuchSource(f"{shown_name(uri)}: there is no such file", f"A source is {KINDS}.")
    return path, mode


def _find(uri: str) -> tuple[Path, int | None]:
    """The path that `uri` names and its mode; None where there is nothing."""
    try:
        path = Path(uri).expanduser()
        return path, path.stat().st_mode
    except RuntimeError as error:  # ~name of nobody
        raise SourceError(f"{shown_name(uri)}: {error}") from error
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise SourceError(
                f"{shown_name(uri)}: this name is longer than the system allows"
            ) from error
        if error.errno == errno.EACCES:
            raise SourceError(f"{shown_name(uri)}: could not be read ({error.strerror})") from error
        return Path(uri), None
    except ValueError:  # a character that no name has
        return Path(), None


def _open_file(path: Path, limits: SourceLimits) -> FrameSource:
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
            return StillImage(path, limits.picture_pixels)
        case FileKind.PILLOW_ANIMATION:
            _check_frames(path, limits.video_pixels)
            return AnimatedPicture(path)
        case FileKind.GIF_ANIMATION:
            _check_frames(path, limits.video_pixels)
            return VideoFile(path, format_name="gif", max_pixels=limits.video_pixels)
        case FileKind.PNG_ANIMATION:
            _check_frames(path, limits.video_pixels)
            return VideoFile(path, format_name="apng", max_pixels=limits.video_pixels)
        case FileKind.LIST:
            raise SourceError(
                f"{shown_name(path)}: this is a list of other files or addresses, which are not "
                "opened for it",
                "Open one of them by its own name.",
            )
        case _:
            return VideoFile(path, max_pixels=limits.video_pixels)


def _check_frames(path: Path, max_pixels: int) -> None:
    """Raise SourceError for an animated picture whose frames are too large, by its header."""
    with path.open("rb") as file:
        header = read_header(file)
    if header is not None and header.pixels > max_pixels:
        raise SourceError(
            f"{path}: its frames are of {header.width} × {header.height} pixels, which is more "
            f"than the limit of {max_pixels / 1e6:g} million",
            "See `ferapp analyze --max-pixels`.",
        )
