"""Containers opened by FFmpeg (PyAV), with what it may do in one place."""

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer

from ferapp.sources.file_kind import VIDEO_FILE_SUFFIXES

BUFFER_BYTES = 1 << 18  # of a file, read at once
# a playlist in a file must not make connections
FILE_OPTIONS: Mapping[str, str] = {"protocol_whitelist": "file,crypto,data"}
ADDRESS_OPTIONS: Mapping[str, str] = {"rtsp_transport": "tcp"}  # UDP loses packets


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


def open_file(file: LocalFile, format_name: str | None = None) -> InputContainer:
    """The container in a file. Raises av.FFmpegError, OSError or ValueError."""
    return av.open(
        file,
        "r",
        format=format_name,
        options=dict(FILE_OPTIONS),
        buffer_size=BUFFER_BYTES,
        metadata_errors="replace",
    )


def open_address(url: str, timeout_s: float) -> InputContainer:
    """What an address sends; every read ends after `timeout_s`, by av.ExitError.

    Raises av.FFmpegError, OSError or ValueError.
    """
    return av.open(
        url, "r", options=dict(ADDRESS_OPTIONS), timeout=timeout_s, metadata_errors="replace"
    )
