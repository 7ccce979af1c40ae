"""A web camera on the loopback that behaves, or misbehaves, as the path says."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np

GOOD_BEFORE = 5  # pictures before the fault
PAUSE_S = 0.01


def jpeg(number: int) -> bytes:
    image = np.full((48, 64, 3), number * 20 % 256, np.uint8)
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


class MjpegServer(ThreadingHTTPServer):
    """Paths: /ok, /stalled, /closed, /corrupt, /silent, /page and the files in `folder`."""

    daemon_threads = True

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.ending = threading.Event()

    def url(self, path: str, login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.server_port}{path}"

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: MjpegServer

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        fault = self.path.partition("?")[0].strip("/")
        file = self.server.folder / fault if self.server.folder else None
        if file is not None and file.is_file():
            content = file.read_bytes()
            self._head("video/x-msvideo", len(content))
            self.wfile.write(content)
        elif fault == "silent":
            self.server.ending.wait()
        elif fault == "page":
            self._head("text/html", 5)
            self.wfile.write(b"hello")
        else:
            self._pictures(fault)

    def _head(self, content: str, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _pictures(self, fault: str) -> None:
        self._head("multipart/x-mixed-replace; boundary=frame")
        number = 0
        while not self.server.ending.wait(PAUSE_S):
            data = jpeg(number)
            if number == GOOD_BEFORE and fault == "stalled":
                self.server.ending.wait()
                return
            if number == GOOD_BEFORE and fault == "closed":
                self._part(data, len(data) // 2)
                return
            if number == GOOD_BEFORE and fault == "corrupt":
                data = data[: len(data) // 2]
            self._part(data, len(data))
            number += 1

    def _part(self, data: bytes, sent: int) -> None:
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
        self.wfile.write(head.encode() + data[:sent] + b"\r\n")
        self.wfile.flush()


@contextmanager
def running(folder: Path | None = None) -> Iterator[MjpegServer]:
    server = MjpegServer(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()
