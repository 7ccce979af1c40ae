"""Containers opened by FFmpeg (PyAV), with what it may do in one place."""

import http.client
import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import av
from av.container import InputContainer

from ferapp.sources.decoding.hosts import (
    MAX_REDIRECTS,
    WEB,
    Answer,
    Hosts,
    PlaylistFiles,
    ask,
)
from ferapp.sources.file_kind import VIDEO_FILE_SUFFIXES
from ferapp.sources.limits import VIDEO_PIXELS

BUFFER_BYTES = 1 << 18  # of a file, read at once
NOTHING = "none"  # a protocol that FFmpeg does not have: it opens nothing by itself
# FFmpeg's names of formats that hold their pictures themselves. Others are lists of further files
# and addresses, read devices, draw test pictures, or run scripts.
FORMATS = (
    *("3gp", "apng", "asf", "av1", "avi", "dv", "flv", "gif", "gxf", "h261", "h263", "h264"),
    *("hevc", "ivf", "m4v", "matroska", "mjpeg", "mov", "mpeg", "mpegts", "mpegvideo", "mxf"),
    *("nut", "obu", "ogg", "rm", "vc1", "wtv", "yuv4mpegpipe"),
    *("aac", "aiff", "flac", "mp3", "wav"),  # sound alone, so that this can be said
)
ADDRESS_FORMATS = (*FORMATS, "mpjpeg", "rtsp")
PROTOCOLS = {  # by the scheme of an address
    "http": "http,httpproxy,tcp",
    "https": "https,httpproxy,tls,tcp",
    "rtsp": "rtsp,rtp,tcp",
    "rtsps": "rtsp,rtsps,rtp,tls,tcp",
}
MAX_PIXELS = "max_pixels"  # an option of FFmpeg's decoders


class LocalFile:
    """A file under another name: FFmpeg would read colons, % and ? in its own as commands.

    The suffix stays where it is that of a video, for some formats are hard to tell without.
    """

    def __init__(self, path: Path) -> None:
        suffix = path.suffix.lower()
        self.name = f"video{suffix if suffix in VIDEO_FILE_SUFFIXES else ''}"
        self._file: BinaryIO = path.open("rb")

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def open_file(
    file: LocalFile, format_name: str | None = None, max_pixels: int = VIDEO_PIXELS
) -> InputContainer:
    """The container in a file. Raises av.FFmpegError, OSError or ValueError."""
    return av.open(
        file,
        "r",
        format=format_name,
        options=_options(FORMATS, NOTHING, max_pixels),
        buffer_size=BUFFER_BYTES,
        metadata_errors="replace",
    )


def open_address(
    url: str, timeout_s: float, hosts: Hosts, max_pixels: int = VIDEO_PIXELS
) -> InputContainer:
    """What an address sends; every read ends after `timeout_s`, by av.ExitError.

    Redirections and playlists are followed within `hosts`. Raises av.FFmpegError, OSError (with
    `hosts.refused` where it led elsewhere) or ValueError.
    """
    for _ in range(MAX_REDIRECTS):
        began = time.perf_counter()
        scheme = urlsplit(url).scheme.lower()
        try:
            options = _options(ADDRESS_FORMATS, PROTOCOLS[scheme], max_pixels)
            options |= {"rtsp_transport": "tcp"}  # UDP loses packets
            options |= {"max_redirects": "0"}  # they are looked at first
            return av.open(url, "r", options=options, timeout=timeout_s, metadata_errors="replace")
        except (av.FFmpegError, OSError, ValueError):
            waited_s = time.perf_counter() - began
            if scheme not in WEB or waited_s >= 0.9 * timeout_s:
                raise
            answer = _ask(url, timeout_s - waited_s)
            if answer.is_playlist:
                return _open_playlist(url, timeout_s, hosts, max_pixels)
            if not answer.redirect:
                raise
        url = answer.redirect
        hosts.check(url)
    raise OSError("the server sends from address to address")


def _ask(url: str, timeout_s: float) -> Answer:
    try:
        return ask(url, timeout_s)
    except (OSError, ValueError, http.client.HTTPException):
        return Answer()  # what FFmpeg said is the reason


def _open_playlist(url: str, timeout_s: float, hosts: Hosts, max_pixels: int) -> InputContainer:
    """An HLS playlist, whose lists and segments come from `hosts` alone."""
    options = _options(("hls", *FORMATS), NOTHING, max_pixels)
    options |= {"http_persistent": "0"}  # each is asked for by itself, and so checked
    return av.open(
        url,
        "r",
        format="hls",
        options=options,
        timeout=timeout_s,
        metadata_errors="replace",
        io_open=PlaylistFiles(hosts, timeout_s).open,
    )


def _options(formats: tuple[str, ...], protocols: str, max_pixels: int) -> dict[str, str]:
    return {
        "format_whitelist": ",".join(formats),
        "protocol_whitelist": protocols,
        MAX_PIXELS: str(max_pixels),  # for what is decoded while the format is probed
    }
