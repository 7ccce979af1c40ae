"""Redirections and playlists: within the host that was named, never to another without leave.

The server listens on 127.0.0.1; "localhost" is the other host, and counts its connections.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ferapp.sources.base import SourceError
from ferapp.sources.decoding.hosts import Hosts, OtherHostError
from ferapp.sources.faults import FaultKind
from ferapp.sources.limits import SourceLimits
from ferapp.sources.stream import Stream
from tests.support.sources.encoded import GREYS, Coding, grey, write_encoded

PATIENT_S = 4.0
FRAMES = 20


class WebServer(ThreadingHTTPServer):
    """`pages`: path → content, or an address to redirect to. `asked` are the paths asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, bytes | str] = {}
        self.asked: list[str] = []

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no error here."""


class _Handler(BaseHTTPRequestHandler):
    server: WebServer

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        page = self.server.pages.get(self.path)
        if isinstance(page, str):
            self.send_response(302)
            self.send_header("Location", page)
            self.end_headers()
        elif page is None:
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)


@contextmanager
def serving() -> Iterator[WebServer]:
    server = WebServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def servers() -> Iterator[tuple[WebServer, WebServer]]:
    """The one that is named, and another on "localhost", which must not hear of it."""
    with serving() as near, serving() as far:
        yield near, far


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("video") / "video.ts"
    write_encoded(file, map(grey, GREYS[:FRAMES]), Coding())
    return file.read_bytes()


def playlist(*segments: str) -> bytes:
    lines = [line for name in segments for line in (f"#EXTINF:{FRAMES / 24:.3f},", name)]
    return "\n".join(
        ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1", *lines, "#EXT-X-ENDLIST", ""]
    ).encode()


def frames_at(url: str, follow_hosts: bool = False) -> int:
    source = Stream(url, PATIENT_S, SourceLimits.of(follow_hosts=follow_hosts))
    count = 0
    try:
        while source.read() is not None:
            count += 1
    except SourceError as error:
        if error.fault is not FaultKind.LOST:  # how a stream ends of which no length is known
            raise
    finally:
        source.close()
    return count


def lead_by_redirect(near: WebServer, to: str) -> str:
    near.pages["/a.ts"] = to
    return near.url("/a.ts")


def lead_by_segment(near: WebServer, to: str) -> str:
    near.pages["/list.m3u8"] = playlist(to)
    return near.url("/list.m3u8")


def lead_by_list_of_lists(near: WebServer, to: str) -> str:
    near.pages["/inner"] = playlist(to)
    near.pages["/all.m3u8"] = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\ninner\n"
    return near.url("/all.m3u8")


def lead_by_redirected_segment(near: WebServer, to: str) -> str:
    near.pages["/seg.ts"] = to
    near.pages["/list.m3u8"] = playlist("seg.ts")
    return near.url("/list.m3u8")


WAYS = [lead_by_redirect, lead_by_segment, lead_by_list_of_lists, lead_by_redirected_segment]


@pytest.mark.parametrize("lead", WAYS)
class TestWhereAnAddressLeads:
    def test_another_host_is_refused_and_hears_nothing(
        self,
        servers: tuple[WebServer, WebServer],
        lead: Callable[[WebServer, str], str],
        video: bytes,
    ) -> None:
        near, far = servers
        far.pages["/b.ts"] = video
        url = lead(near, far.url("/b.ts", "localhost"))
        with pytest.raises(SourceError, match="leads to another address") as caught:
            frames_at(url)
        assert far.asked == []
        assert "localhost" in str(caught.value)
        assert "--follow-hosts" in caught.value.hint

    def test_with_leave_it_is_followed(
        self,
        servers: tuple[WebServer, WebServer],
        lead: Callable[[WebServer, str], str],
        video: bytes,
    ) -> None:
        near, far = servers
        far.pages["/b.ts"] = video
        assert frames_at(lead(near, far.url("/b.ts", "localhost")), follow_hosts=True) == FRAMES
        assert far.asked

    def test_the_same_host_needs_no_leave(
        self,
        servers: tuple[WebServer, WebServer],
        lead: Callable[[WebServer, str], str],
        video: bytes,
    ) -> None:
        near, _ = servers
        near.pages["/b.ts"] = video
        assert frames_at(lead(near, near.url("/b.ts"))) == FRAMES


@pytest.mark.parametrize(
    "target", ["file:///etc/hostname", "/etc/hostname", "concat:/etc/hostname"]
)
def test_a_playlist_of_a_server_opens_no_file(
    servers: tuple[WebServer, WebServer], target: str
) -> None:
    near, _ = servers
    near.pages["/list.m3u8"] = playlist(target)
    with pytest.raises(SourceError):
        frames_at(near.url("/list.m3u8"), follow_hosts=True)


def test_a_circle_of_redirections_ends(servers: tuple[WebServer, WebServer]) -> None:
    near, _ = servers
    near.pages["/a"] = near.url("/a")
    with pytest.raises(SourceError, match="no video at this address"):
        frames_at(near.url("/a"))


def test_a_list_of_files_from_a_server_is_refused(
    servers: tuple[WebServer, WebServer], tmp_path: Path, video: bytes
) -> None:
    near, _ = servers
    (tmp_path / "own.ts").write_bytes(video)
    near.pages["/x.mp4"] = f"ffconcat version 1.0\nfile '{tmp_path / 'own.ts'}'\n".encode()
    with pytest.raises(SourceError):
        frames_at(near.url("/x.mp4"), follow_hosts=True)


def test_what_counts_as_another_host() -> None:
    hosts = Hosts("http://cam.example:8080/video")
    hosts.check("https://CAM.example/x")
    for other in ("http://cam.example.org/", "http://10.0.0.1/", "file:///etc/passwd", "x"):
        with pytest.raises(OtherHostError):
            hosts.check(other)
        assert hosts.refused
    Hosts("http://cam.example/", follows=True).check("http://other.example/")
