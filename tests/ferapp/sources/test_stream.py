"""Streams over HTTP from a server on the loopback, good and bad, and addresses without one."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ferapp.live.capture import Capture
from ferapp.sources.base import FrameSource, SourceError
from ferapp.sources.faults import FaultKind
from ferapp.sources.stream import Stream
from ferapp.sources.stream_address import without_password
from ferapp.sources.uri import open_source
from tests.support.sources.mjpeg_server import GOOD_BEFORE, MjpegServer, running
from tests.support.sources.scripted import QUICK, take, wait_until

QUICK_S = 0.4  # time-out where nothing comes anyway
PATIENT_S = 2.0  # where the server sends something, perhaps late on a busy machine


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    with running() as server:
        yield server


def read_until_it_fails(source: FrameSource) -> tuple[list[int], SourceError]:
    values: list[int] = []
    try:
        while True:
            frame = source.read()
            assert frame is not None
            assert frame.index == len(values)
            values.append(round(float(frame.image.mean()) / 20))
    except SourceError as error:
        return values, error
    finally:
        source.close()


def test_a_damaged_frame_is_skipped(server: MjpegServer) -> None:
    source = Stream(server.url("/corrupt"), PATIENT_S)
    values = []
    while len(values) < GOOD_BEFORE + 4:
        frame = source.read()
        assert frame is not None
        assert frame.index == len(values)
        values.append(round(float(frame.image.mean()) / 20))
    source.close()
    assert values[:GOOD_BEFORE] == list(range(GOOD_BEFORE))
    assert values[-1] >= GOOD_BEFORE + 3  # it goes on after the damaged one


def test_a_stream_that_is_closed_in_the_middle_is_lost(server: MjpegServer) -> None:
    values, error = read_until_it_fails(Stream(server.url("/closed"), PATIENT_S))
    assert values[:GOOD_BEFORE] == list(range(GOOD_BEFORE))
    assert error.fault is FaultKind.LOST
    assert server.url("/closed") in str(error)


def test_a_stream_that_stalls_ends_after_the_time_out(server: MjpegServer) -> None:
    began = time.perf_counter()
    values, error = read_until_it_fails(Stream(server.url("/stalled"), PATIENT_S))
    assert values == list(range(GOOD_BEFORE))
    assert error.fault is FaultKind.STALLED
    assert PATIENT_S * 0.9 <= time.perf_counter() - began < 20


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_server_that_never_answers_ends_after_the_time_out(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        began = time.perf_counter()
        with pytest.raises(SourceError, match=r"no video arrived within 0\.4 s") as caught:
            Stream(f"{scheme}://me:secret@{address}/cam", QUICK_S)
        assert QUICK_S * 0.9 <= time.perf_counter() - began < 20
    assert caught.value.fault is FaultKind.ABSENT
    assert f"{scheme}://{address}/cam" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_closing_from_another_thread_ends_a_read_that_waits(server: MjpegServer) -> None:
    source = Stream(server.url("/stalled"), PATIENT_S)
    for _ in range(GOOD_BEFORE):
        assert source.read() is not None
    failed: list[SourceError] = []

    def wait_for_a_frame() -> None:
        try:
            source.read()
        except SourceError as error:
            failed.append(error)

    reading = threading.Thread(target=wait_for_a_frame)
    reading.start()
    source.close()  # returns at once, whether or not the read has begun
    reading.join(20)
    assert not reading.is_alive()
    assert source.read() is None
    assert all(error.fault is FaultKind.STALLED for error in failed)


def test_a_server_that_accepts_the_request_and_stays_silent(server: MjpegServer) -> None:
    with pytest.raises(SourceError, match="no video arrived within"):
        Stream(server.url("/silent"), QUICK_S)


def test_a_page_that_is_no_video_is_reported_at_once(server: MjpegServer) -> None:
    with pytest.raises(SourceError, match="no video at this address") as caught:
        open_source(server.url("/page"))
    assert caught.value.hint


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_an_address_where_nothing_listens(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(SourceError, match="no video at this address") as caught:
        open_source(f"{scheme}://127.0.0.1:{port}/cam")
    assert caught.value.fault is FaultKind.ABSENT


def test_a_login_is_used_and_not_shown(server: MjpegServer) -> None:
    source = Stream(server.url("/ok?token=secret", login="me:secret@"), PATIENT_S)
    assert source.read() is not None
    assert source.name == server.url("/ok")
    source.close()


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("rtsp://me:pa@ss@host:554/a?b=c#d", "rtsp://host:554/a"),
        ("http://host", "http://host"),
        ("http://me:secret@[broken", "http://[broken"),
        ("http://me:se/cret@host/x", "http://…"),
        ("http://me:s@e?cret@host/x", "http://…"),
        ("/home/me@work/clip.mp4", "/home/me@work/clip.mp4"),
    ],
)
def test_what_is_displayed_of_an_address(uri: str, shown: str) -> None:
    assert without_password(uri) == shown


def test_the_capture_reopens_a_stream_that_is_back(server: MjpegServer) -> None:
    """End to end: the stream closes, its last picture stays, the stream is back."""
    url = server.url("/closed")
    capture = Capture(url, None, open_source, QUICK)
    capture.start()
    try:
        wait_until(lambda: capture.name == url)
        wait_until(lambda: capture.fault and capture.fault.kind is FaultKind.LOST)
        assert capture.waiting
        assert "the server closed the connection" in capture.notice
        assert "This is the last picture." in capture.notice
        assert capture.name == url
        take(capture)  # what came before the end
        wait_until(lambda: not capture.waiting)
        assert take(capture)[0].image.shape == (48, 64, 3)
    finally:
        capture.close()
