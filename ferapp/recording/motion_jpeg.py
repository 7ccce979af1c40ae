"""Videos that survive whatever ends the program: JPEG pictures in an AVI file.

An MP4 that was not closed cannot be opened at all. Here each picture is on its way to the disk
when `Writer.write` returns, a full disk is an OSError, and a file without its end is read as far
as it goes, here and by the usual players. The format: Microsoft's AVI RIFF reference, and Matrox's
OpenDML extension for what is larger than 1 GB.
"""

import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SUFFIX = ".avi"
QUALITY = 90  # of 100
SEGMENT_BYTES = 1 << 30  # players count in 32 bits: a longer file goes on in a further segment
PICTURE, KEY_FRAME, HAS_INDEX = b"00dc", 0x10, 0x10
# where numbers that only the end tells stand in the file
_RIFF_SIZE, _MICROSECONDS, _TOTAL, _SCALE, _LENGTH = 4, 32, 48, 128, 140


class Writer:
    """Pictures of one size, (H, W, 3) BGR. Raises OSError when they cannot be written."""

    def __init__(self, file: Path, size: tuple[int, int], segment_bytes: int = SEGMENT_BYTES):
        self.written = 0
        self._segment_bytes = segment_bytes
        self._index: list[tuple[int, int]] = []  # place and size of the pictures of segment one
        self._first = True  # segment
        self._file = file.open("xb")
        try:
            self._file.write(_head(size))
            self._begin_pictures()
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def write(self, image: NDArray[np.uint8]) -> None:
        done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            raise OSError("a picture cannot be encoded")
        if self._file.tell() - self._riff_at + len(jpeg) > self._segment_bytes:
            self._next_segment()
        if self._first:
            self._index.append((self._file.tell() - self._movi_at, len(jpeg)))
        self._file.write(_chunk(PICTURE, jpeg.tobytes()))
        self._file.flush()
        self.written += 1

    def close(self, fps: float) -> None:
        """Complete the file; `fps` is the rate at which a player shows it."""
        with self._file:
            end = self._end_segment()
            self._patch(_MICROSECONDS, round(1e6 / fps))
            self._patch(_TOTAL, self.written)
            self._patch(_SCALE, 1000, round(1000 * fps))
            self._patch(_LENGTH, self.written)
            self._file.seek(end)

    def _begin_pictures(self) -> None:
        """The sizes of what is open stay 0: as far as the file goes."""
        self._riff_at = 0 if self._first else self._file.tell()
        if not self._first:
            self._file.write(struct.pack("<4sI4s", b"RIFF", 0, b"AVIX"))
        self._list_at = self._file.tell()
        self._movi_at = self._list_at + 8  # what the index counts from
        self._file.write(struct.pack("<4sI4s", b"LIST", 0, b"movi"))

    def _end_segment(self) -> int:
        """Sizes first: they need no further room on the disk. Returns the place behind it."""
        end = self._file.seek(0, 2)
        self._patch(self._list_at + 4, end - self._list_at - 8)
        self._patch(self._riff_at + 4, end - self._riff_at - 8)
        self._file.seek(end)
        if self._first:
            entries = (struct.pack("<4sIII", PICTURE, KEY_FRAME, *each) for each in self._index)
            self._file.write(_chunk(b"idx1", b"".join(entries)))
            end = self._file.tell()
            self._patch(_RIFF_SIZE, end - 8)
            self._file.seek(end)
        return end

    def _next_segment(self) -> None:
        self._end_segment()
        self._first = False
        self._begin_pictures()

    def _patch(self, place: int, *values: int) -> None:
        self._file.seek(place)
        self._file.write(struct.pack(f"<{len(values)}I", *values))


class Reader:
    """Every picture of such a file by its number, finished or not. Raises OSError."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("rb")
        try:
            self._places = self._walk()
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return len(self._places)

    def read(self, number: int) -> NDArray[np.uint8] | None:
        """(H, W, 3) BGR; None where the picture is damaged."""
        place, size = self._places[number]
        self._file.seek(place)
        jpeg = np.frombuffer(self._file.read(size), np.uint8)
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR) if jpeg.size else None
        return None if image is None else np.asarray(image, np.uint8)

    def close(self) -> None:
        self._file.close()

    def _walk(self) -> list[tuple[int, int]]:
        """Place and size of each whole picture, from the file itself: an index may be missing."""
        end = self._file.seek(0, 2)
        found, place = [], 0
        while place + 8 <= end:
            self._file.seek(place)
            name, size = struct.unpack("<4sI", self._file.read(8))
            if name in (b"RIFF", b"LIST"):
                place += 12  # into it
                continue
            if name == PICTURE and place + 8 + size <= end:
                found.append((place + 8, size))
            place += 8 + size + size % 2
        return found


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)


def _list(name: bytes, content: bytes) -> bytes:
    return _chunk(b"LIST", name + content)


def _head(size: tuple[int, int], fps: int = 25) -> bytes:
    """Up to the pictures; what is not known yet says nothing wrong (0 of a length is unknown)."""
    width, height = size
    main = (round(1e6 / fps), 0, 0, HAS_INDEX, 0, 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = (0, 0, 0, 0, 1, fps, 0, 0, 0, 0xFFFFFFFF, 0)
    form = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", 0, 0, 0, 0, 0)
    lists = _list(
        b"hdrl",
        _chunk(b"avih", struct.pack("<14I", *main))
        + _list(
            b"strl",
            _chunk(
                b"strh",
                b"vidsMJPG"
                + struct.pack("<IHHIIIIIIII", *stream)
                + struct.pack("<4H", 0, 0, width, height),
            )
            + _chunk(b"strf", form),
        ),
    )
    return struct.pack("<4sI4s", b"RIFF", 0, b"AVI ") + lists
