"""What this process uses: age, resident memory, threads and open files, on every system."""

import time

import psutil


def process_age_s() -> float:
    """Seconds since this process was started."""
    created = psutil.Process().create_time()
    if hasattr(time, "CLOCK_BOOTTIME"):
        # Linux: psutil adds ticks since boot to a boot time that is known to the second only
        return time.clock_gettime(time.CLOCK_BOOTTIME) - float(created - psutil.boot_time())
    return time.time() - float(created)


def resident_mb() -> float:
    """Resident memory in MiB."""
    return float(psutil.Process().memory_info().rss) / 2**20


def thread_count() -> int:
    """Native threads, not only Python's."""
    return int(psutil.Process().num_threads())


def open_file_count() -> int:
    """Open file descriptors; on Windows, handles."""
    process = psutil.Process()
    return int(process.num_fds() if psutil.POSIX else process.num_handles())
