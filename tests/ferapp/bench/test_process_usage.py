"""Age, memory, threads and open files of a process, on Linux and where there is no /proc."""

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from ferapp.bench import process_usage


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_age_on_linux_is_exact_to_a_tick() -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    age = float(Path("/proc/uptime").read_text().split()[0]) - started
    assert process_usage.process_age_s() == pytest.approx(age, abs=0.05)


def test_memory_threads_and_files_of_this_process(tmp_path: Path) -> None:
    assert 20 < process_usage.resident_mb() < 20_000
    files = process_usage.open_file_count()
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    with (tmp_path / "open").open("w"):
        threads = process_usage.thread_count()
        thread.start()
        assert process_usage.open_file_count() == files + 1
        assert process_usage.thread_count() == threads + 1
        stop.set()
        thread.join()


class WindowsProcess:
    """What psutil offers there: no descriptors, but handles."""

    def create_time(self) -> float:
        return time.time() - 12.5

    def memory_info(self) -> SimpleNamespace:
        return SimpleNamespace(rss=300 * 2**20)

    def num_threads(self) -> int:
        return 31

    def num_handles(self) -> int:
        return 512


def test_off_linux_psutil_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU time is no age, and memory of 0 would hide a leak."""
    monkeypatch.setattr(psutil, "Process", WindowsProcess)
    monkeypatch.setattr(psutil, "POSIX", False)
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert process_usage.process_age_s() == pytest.approx(12.5, abs=0.1)
    assert process_usage.resident_mb() == 300
    assert process_usage.thread_count() == 31
    assert process_usage.open_file_count() == 512
