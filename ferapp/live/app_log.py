"""The app's log: the last lines for the window, all of them in a file. It holds no passwords."""

import contextlib
import logging
import platform
import re
import sys
import threading
from collections import deque
from importlib import metadata
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from platformdirs import user_log_path

from ferapp.sources.stream_address import without_password
from trainer.shown_text import shown_text

log = logging.getLogger(__name__)

MAX_LINES = 1000  # in memory
FILE_BYTES = 1 << 20
OLD_FILES = 2
LOGGERS = ("ferapp", "trainer")  # messages of other packages are of no use to a person
PACKAGES = ("ferapp", "PySide6-Essentials", "torch", "mediapipe", "opencv-python", "numpy")
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_LOGIN = re.compile(r"(?<=://)(?:\S*|[^\n/?#]*)@")  # also one with a slash or a blank in it
_ADDRESS = re.compile(r"(?:https?|rtsps?)://[^\s'\"<>]+", re.IGNORECASE)


def without_logins(text: str) -> str:
    """`text` whose addresses have no user, password and query."""
    return _ADDRESS.sub(lambda address: without_password(address[0]), _LOGIN.sub("", text))


class AppLog:
    """Collects what `ferapp` and `trainer` log, and uncaught exceptions, until it is closed."""

    def __init__(self) -> None:
        self.file: Path | None = None  # None when it cannot be written
        self._lines = _LineHandler()
        self._handlers: list[logging.Handler] = [self._lines]
        try:
            folder = user_log_path("ferapp", appauthor=False, ensure_exists=True)
            self._handlers.append(_FileHandler(folder / "ferapp.log"))
            self.file = folder / "ferapp.log"
        except OSError as error:
            problem = f"The log is not written to a file: {error}"
        else:
            problem = ""
        for handler in self._handlers:
            handler.setFormatter(_PasswordFilter(FORMAT))
        for logger in map(logging.getLogger, LOGGERS):
            logger.setLevel(logging.INFO)
            for handler in self._handlers:
                logger.addHandler(handler)
        self._hook, self._thread_hook = sys.excepthook, threading.excepthook
        sys.excepthook, threading.excepthook = self._log_uncaught, self._log_uncaught_in_thread
        log.info("%s", _versions())
        if problem:
            log.warning("%s", problem)

    def text(self) -> str:
        """The last lines, oldest first."""
        return self._lines.text()

    def delete(self) -> None:
        """Delete everything logged so far, in memory and in files; logging goes on."""
        for handler in self._handlers:
            if isinstance(handler, _LineHandler | _FileHandler):
                handler.delete()

    def close(self) -> None:
        sys.excepthook, threading.excepthook = self._hook, self._thread_hook
        for logger in map(logging.getLogger, LOGGERS):
            for handler in self._handlers:
                logger.removeHandler(handler)
        for handler in self._handlers:
            handler.close()

    def _log_uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, Exception):  # Ctrl+C is no error
            log.critical("Uncaught", exc_info=(kind, error, trace))
        self._hook(kind, error, trace)

    def _log_uncaught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            name = args.thread.name if args.thread else "that has ended"
            trace = (args.exc_type, args.exc_value, args.exc_traceback)
            log.critical("Uncaught in the thread %s", name, exc_info=trace)
        self._thread_hook(args)


class _PasswordFilter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return shown_text(without_logins(super().format(record)))


class _LineHandler(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=MAX_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.extend(self.format(record).splitlines())

    def text(self) -> str:
        return "\n".join(self._lines.copy())  # copying is atomic, unlike iterating

    def delete(self) -> None:
        self._lines.clear()


class _FileHandler(RotatingFileHandler):
    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk is no reason to fill the terminal too."""

    def delete(self) -> None:
        """The next line creates the file again."""
        with self.lock or contextlib.nullcontext():
            if self.stream is not None:
                with contextlib.suppress(OSError):
                    self.stream.close()
                self.stream = None
            for file in Path(self.baseFilename).parent.glob(f"{Path(self.baseFilename).name}*"):
                with contextlib.suppress(OSError):
                    file.unlink()

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the same full disk once more
            super().close()


def _versions() -> str:
    parts = [f"Python {platform.python_version()}", platform.platform()]
    for package in PACKAGES:
        try:
            parts.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:  # a checkout, or another of OpenCV's packages
            continue
    return "Start: " + ", ".join(parts)
