"""What the threads were doing when native code ended the process, which writes no log itself."""

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_log_path

MOST_BYTES = 1 << 18  # an older file is begun anew


def fault_file() -> Path:
    """Beside the log, with its name at the beginning: what deletes the log deletes it too."""
    return user_log_path("ferapp", appauthor=False) / "ferapp.log.fault"


@contextmanager
def faults_logged() -> Iterator[None]:
    """Meanwhile a crash, such as a segmentation fault, is described at the end of `fault_file()`.

    Where that cannot be written it is not, which stops nothing.
    """
    file = fault_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        is_long = file.is_file() and file.stat().st_size > MOST_BYTES
        stream = file.open("w" if is_long else "a", encoding="utf-8")
    except OSError:
        yield
        return
    with stream:
        faulthandler.enable(stream)
        try:
            yield
        finally:
            faulthandler.disable()
