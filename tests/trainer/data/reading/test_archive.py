"""Folders and zips that mean no good: pipes, devices, and members that lie about their size."""

import bz2
import logging
import lzma
import os
import socket
import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.data.array_files import read_arrays
from trainer.data.prepare import prepare
from trainer.data.readers.reader_registry import find_reader
from trainer.data.reading import archive, csv_table
from trainer.data.reading.archive import UNREADABLE, Archive
from trainer.data.reading.csv_table import open_csv_table
from trainer.errors import DataError

PICTURE = cv2.imencode(".png", np.arange(2304, dtype=np.uint8).reshape(48, 48))[1].tobytes()


def lying_zip(path: Path, compression: int, packed: bytes, stated: int) -> Path:
    """A zip whose one member says that it unpacks to `stated` bytes."""
    name = b"a.png"
    crc = zlib.crc32(b"")
    sizes = struct.pack("<III", crc, len(packed), stated)
    local = b"PK\3\4" + struct.pack("<HHHHH", 20, 0, compression, 0, 33) + sizes
    local += struct.pack("<HH", len(name), 0) + name + packed
    entry = b"PK\1\2" + struct.pack("<HHHHHH", 20, 20, 0, compression, 0, 33) + sizes
    entry += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    path.write_bytes(local + entry + end)
    return path


def deflated(zeros: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(zeros >> 20)) + packer.flush()


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_member_that_lies_about_its_size_does_not_fill_the_memory(
    tmp_path: Path, compression: int
) -> None:
    resource = pytest.importorskip("resource")
    zeros = 400 << 20
    packed = deflated(zeros) if compression == 8 else bz2.compress(bytes(1 << 20)) * (zeros >> 20)
    file = lying_zip(tmp_path / "a.zip", compression, packed, 1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UNREADABLE):
        Archive(file).read("a.png")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150_000  # KiB


def test_a_member_that_states_too_much_is_not_unpacked(tmp_path: Path) -> None:
    file = lying_zip(tmp_path / "a.zip", 8, deflated(1 << 20), 1 << 30)
    with pytest.raises(ValueError, match="larger than 64 MiB"):
        Archive(file).read("a.png")


def test_every_compression_is_read_whole(tmp_path: Path) -> None:
    content = os.urandom(30_000) + bytes(30_000)
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with zipfile.ZipFile(tmp_path / "a.zip", "w", kind) as packed:
            packed.writestr("a.png", content)
        assert Archive(tmp_path / "a.zip").read("a.png") == content
    assert lzma.LZMAError in UNREADABLE


def test_a_huge_file_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 1 << 20)
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate((1 << 20) + 1)
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        Archive(tmp_path).read("a.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set, with a pipe, a device and a socket among its pictures."""
    folder = tmp_path / "set" / "happy"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number}.png").write_bytes(PICTURE)
    os.mkfifo(folder / "pipe.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    place = os.getcwd()
    os.chdir(folder)  # the address of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as plug:
            plug.bind("plug.png")
    finally:
        os.chdir(place)
    return folder.parent


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
class TestPipesDevicesAndSockets:
    def test_they_are_left_out_of_a_data_set_and_counted(
        self, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            data = prepare(folder, tmp_path / "out", landmarks=False)
        assert len(data) == 3
        assert "left out 3 that are no file but a device, pipe or socket: " in caplog.text
        for name in ("pipe.png", "zero.png", "plug.png"):
            assert name in caplog.text

    @pytest.mark.parametrize("name", ["pipe.csv", "pipe.zip", "pipe"])
    def test_one_as_the_data_set_is_refused(self, tmp_path: Path, name: str) -> None:
        os.mkfifo(tmp_path / name)
        with pytest.raises(DataError, match="a device, a pipe or a socket"):
            find_reader(tmp_path / name)

    def test_one_that_a_list_names_is_missing(self, folder: Path, tmp_path: Path) -> None:
        rows = [f"happy/{name},happy" for name in ("0.png", "1.png", "pipe.png", "zero.png")]
        (folder / "labels.csv").write_text("\n".join(["file,label", *rows]))
        with pytest.raises(DataError, match=r"happy/pipe\.png is missing"):
            prepare(folder, tmp_path / "out", landmarks=False)


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "MAX_LINE", 1000)
    file = tmp_path / "a.csv"
    file.write_text("file,label\na.png,happy\n" + "x" * 5000)
    with file.open("rb") as content:
        table = open_csv_table(content, file)
        assert table is not None
        with pytest.raises(DataError, match="a line of it is longer"):
            list(table.rows())


def test_arrays_that_unpack_to_more_than_any_real_ones(tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("x.npy", "w") as x:
        np.lib.format.write_array_header_1_0(
            x, {"descr": "|u1", "fortran_order": False, "shape": (300 << 20,)}
        )
        for _ in range(300):
            x.write(bytes(1 << 20))
    with pytest.raises(ValueError, match="unpack to 300 MiB"):
        read_arrays(file)
    np.savez_compressed(file, x=np.zeros(1000, np.uint8))
    assert read_arrays(file)["x"].shape == (1000,)
