"""Where an address leads: redirections and playlists, which may name other hosts than it does.

A person who opens an address trusts its host. FFmpeg would follow a redirection, or the segments
of a playlist, to any other; here each is looked at before anything is sent there.
"""

import base64
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urljoin, urlsplit

from ferapp.sources.stream_address import without_password

PLAYLIST_START = b"#EXTM3U"
HEAD_BYTES = 512
MAX_REDIRECTS = 8
WEB = ("http", "https")


class OtherHostError(OSError):
    """An address led to another host than the one it names."""


@dataclass(slots=True)
class Hosts:
    """The hosts that the source at `url` may use: its own, or all if it `follows`.

    `refused` is the address of another one that was asked for.
    """

    url: str
    follows: bool = False
    refused: str = ""

    def check(self, url: str) -> None:
        """Raise OtherHostError for an address that is not to be contacted."""
        parts = urlsplit(url)
        if parts.scheme not in WEB:
            self.refused = without_password(url)
            raise OtherHostError(f"{parts.scheme} is no address of the web")
        if not self.follows and parts.hostname != urlsplit(self.url).hostname:
            self.refused = without_password(url)
            raise OtherHostError(f"{parts.hostname} is another host")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server says at first: another address, or how its content begins."""

    redirect: str = ""
    head: bytes = b""

    @property
    def is_playlist(self) -> bool:
        return self.head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(PLAYLIST_START)


def ask(url: str, timeout_s: float) -> Answer:
    """Ask an HTTP server for `url`, following nothing. Raises OSError or http.client's errors."""
    connection, response = _request(url, timeout_s, {})
    try:
        location = response.getheader("Location")
        if 300 <= response.status < 400 and location:
            return Answer(redirect=_with_login(urljoin(url, location), url))
        return Answer(head=response.read1(HEAD_BYTES) if response.status == 200 else b"")
    finally:
        connection.close()


@dataclass(slots=True)
class PlaylistFiles:
    """Opens what a playlist names, for FFmpeg: only from hosts that are allowed."""

    hosts: Hosts
    timeout_s: float
    open_now: "list[WebFile]" = field(default_factory=list)

    def open(self, url: str, flags: int, options: Mapping[str, str]) -> "WebFile":
        """Called by PyAV for each list and segment. Raises OSError."""
        for _ in range(MAX_REDIRECTS):
            self.hosts.check(url)
            try:
                connection, response = _request(url, self.timeout_s, _range(options))
            except http.client.HTTPException as error:
                raise OSError(f"{type(error).__name__}") from error
            location = response.getheader("Location")
            if not (300 <= response.status < 400 and location):
                break
            connection.close()
            url = _with_login(urljoin(url, location), url)
        if response.status not in (200, 206):
            connection.close()
            raise OSError(f"the server answers {response.status}")
        file = WebFile(connection, response)
        self.open_now = [*(other for other in self.open_now if not other.is_closed), file]
        return file

    def close(self) -> None:
        for file in self.open_now:
            file.close()


class WebFile:
    """The content at an address, from its start to its end."""

    def __init__(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        self._connection, self._response = connection, response
        self.is_closed = False

    def read(self, size: int) -> bytes:
        try:
            return self._response.read1(size)
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error

    def close(self) -> None:
        self.is_closed = True
        self._connection.close()


def _range(options: Mapping[str, str]) -> dict[str, str]:
    """The part of a file that a playlist names."""
    start, end = int(options.get("offset") or 0), int(options.get("end_offset") or 0)
    return {"Range": f"bytes={start}-{end - 1 if end else ''}"} if start or end else {}


def _request(
    url: str, timeout_s: float, headers: dict[str, str]
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # as FFmpeg: cameras sign their certificates themselves
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=timeout_s, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = headers | {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", path, headers=headers)
        return connection, connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _with_login(url: str, before: str) -> str:
    """`url` with the login of the address before it, if that is the same server."""
    new, old = urlsplit(url), urlsplit(before)
    if new.username is not None or old.username is None or "@" not in old.netloc:
        return url
    if (new.scheme, new.netloc) != (old.scheme, old.netloc.rpartition("@")[2]):
        return url
    return new._replace(netloc=old.netloc).geturl()
