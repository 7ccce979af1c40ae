"""Videos that survive a crash: JPEG pictures in an AVI file.

An MP4 file that was not closed cannot be opened at all. Here each picture is handed to the disk
before `MotionJpegWriter.write` returns, a full disk raises OSError, and a file without its end is
read as far as it goes, here and by common players. The format: Microsoft's AVI RIFF reference, and
Matrox's OpenDML extension for files of more than 1 GB.
"""

import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

QUALITY = 90  # of 100
RIFF_BYTES = 1 << 30  # players count in 32 bits: a longer file continues in another RIFF chunk
PICTURE, KEY_FRAME, HAS_INDEX = b"00dc", 0x10, 0x10
# positions of the numbers that are known only at the end
_RIFF_SIZE, _MICROSECONDS, _TOTAL, _SCALE, _LENGTH = 4, 32, 48, 128, 140


class MotionJpegWriter:
    """Pictures of one size, (H, W, 3) BGR. Raises OSError when they cannot be written."""

    def __init__(self, file: Path, size: tuple[int, int], riff_bytes: int = RIFF_BYTES):
        """`size` is (width, height)."""
        self.written = 0
        self._riff_bytes = riff_bytes
        self._index: list[tuple[int, int]] = []  # offset and size of pictures in the first RIFF
        self._is_first_riff = True
        self._file = file.open("xb")
        try:
            self._file.write(_head(size))
            self._begin_pictures()
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def write(self, image: NDArray[np.uint8]) -> None:
        encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not encoded:
            raise OSError("a picture cannot be encoded")
        if self._file.tell() - self._riff_at + len(jpeg) > self._riff_bytes:
            self._begin_riff()
        if self._is_first_riff:
            self._index.append((self._file.tell() - self._movi_at, len(jpeg)))
        self._file.write(_chunk(PICTURE, jpeg.tobytes()))
        self._file.flush()
        self.written += 1

    def close(self, fps: float) -> None:
        """Complete the file; players show it at `fps`."""
        with self._file:
            end = self._end_riff()
            self._patch(_MICROSECONDS, round(1e6 / fps))
            self._patch(_TOTAL, self.written)
            self._patch(_SCALE, 1000, round(1000 * fps))
            self._patch(_LENGTH, self.written)
            self._file.seek(end)

    def _begin_pictures(self) -> None:
        """Open chunks keep the size 0, which means: as far as the file goes."""
        self._riff_at = 0 if self._is_first_riff else self._file.tell()
        if not self._is_first_riff:
            self._file.write(struct.pack("<4sI4s", b"RIFF", 0, b"AVIX"))
        self._list_at = self._file.tell()
        self._movi_at = self._list_at + 8  # offsets in the index count from here
        self._file.write(struct.pack("<4sI4s", b"LIST", 0, b"movi"))

    def _end_riff(self) -> int:
        """Sizes first: they need no more room on the disk. Returns the position of the end."""
        end = self._file.seek(0, 2)
        self._patch(self._list_at + 4, end - self._list_at - 8)
        self._patch(self._riff_at + 4, end - self._riff_at - 8)
        self._file.seek(end)
        if self._is_first_riff:
            entries = (struct.pack("<4sIII", PICTURE, KEY_FRAME, *entry) for entry in self._index)
            self._file.write(_chunk(b"idx1", b"".join(entries)))
            end = self._file.tell()
            self._patch(_RIFF_SIZE, end - 8)
            self._file.seek(end)
        return end

    def _begin_riff(self) -> None:
        self._end_riff()
        self._is_first_riff = False
        self._begin_pictures()

    def _patch(self, position: int, *values: int) -> None:
        self._file.seek(position)
        self._file.write(struct.pack(f"<{len(values)}I", *values))


class MotionJpegReader:
    """Every picture of such a file by its number, complete or not. Raises OSError."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("rb")
        try:
            self._pictures = self._find_pictures()
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return len(self._pictures)

    def read(self, number: int) -> NDArray[np.uint8] | None:
        """(H, W, 3) BGR; None where the picture is damaged."""
        position, size = self._pictures[number]
        self._file.seek(position)
        jpeg = np.frombuffer(self._file.read(size), np.uint8)
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR) if jpeg.size else None
        return None if image is None else np.asarray(image, np.uint8)

    def close(self) -> None:
        self._file.close()

    def _find_pictures(self) -> list[tuple[int, int]]:
        """Position and size of each whole picture, without the index, which may be missing."""
        end = self._file.seek(0, 2)
        pictures, position = [], 0
        while position + 8 <= end:
            self._file.seek(position)
            name, size = struct.unpack("<4sI", self._file.read(8))
            if name in (b"RIFF", b"LIST"):
                position += 12  # enter it
                continue
            if name == PICTURE and position + 8 + size <= end:
                pictures.append((position + 8, size))
            position += 8 + size + size % 2
        return pictures


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack("<4sI", name, len(content)) + content + b"\0" * (len(content) % 2)


def _list(name: bytes, content: bytes) -> bytes:
    return _chunk(b"LIST", name + content)


def _head(size: tuple[int, int], fps: int = 25) -> bytes:
    """Everything before the pictures; what is unknown yet is valid anyway (length 0: unknown)."""
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
