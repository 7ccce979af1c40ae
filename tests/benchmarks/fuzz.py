"""Damaged files of every kind, opened one after the other in child processes.

    python tests/benchmarks/fuzz.py [FILES] [SEED]

No file may end the process, raise what is no error for a person, take 20 s, or bring the memory
of its process to 1.5 GiB. Prints one line a fault, then one JSON object.
"""

import faulthandler
import json
import logging
import subprocess
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

FILES, CHUNK = 300, 50
HANG_S = 20


def open_chunk(first: int, end: int) -> None:
    """In a child: one line of JSON before each file and one after it."""
    import resource

    from tests.support.damaged_files import open_damaged, write_sound_files

    logging.disable(logging.CRITICAL)
    with TemporaryDirectory() as place:
        folder = Path(place)
        sound = write_sound_files(folder)
        (folder / "damaged").mkdir()
        for seed in range(first, end):
            file = sound[seed % len(sound)]
            print(json.dumps({"begun": seed, "file": file.path.name}), flush=True)
            faulthandler.dump_traceback_later(HANG_S, exit=True)
            began = time.perf_counter()
            try:
                told, fault = open_damaged(file, seed, folder / "damaged"), ""
            except Exception:
                told, fault = "", traceback.format_exc()
            faulthandler.cancel_dump_traceback_later()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            seconds = time.perf_counter() - began
            result = {"told": told, "fault": fault, "seconds": seconds, "peak_mib": peak}
            print(json.dumps(result), flush=True)


def main(files: int, seed: int) -> int:
    counts: Counter[str] = Counter()
    slowest, peak, first = 0.0, 0, seed
    while first < seed + files:
        end = min(seed + files, first + CHUNK)
        command = [sys.executable, __file__, "--chunk", str(first), str(end)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        begun: dict[str, object] = {}
        for line in done.stdout.splitlines():
            record = json.loads(line) if line.startswith("{") else {}
            if "begun" in record:
                begun, first = record, int(record["begun"]) + 1
            elif "told" in record:
                slowest = max(slowest, record["seconds"])
                peak = max(peak, record["peak_mib"])
                outcome = "opened" if record["told"] == "opened" else "told"
                counts["fault" if record["fault"] else outcome] += 1
                if record["fault"]:
                    print(f"{begun['begun']} {begun['file']}: {record['fault']}")
                begun = {}
        if done.returncode:
            counts["ended"] += 1
            print(f"{begun or first}: the process ended with {done.returncode}")
            print(done.stderr[-3000:])
            if not begun:
                break
    summary = {"files": files, "seed": seed, **counts, "slowest_s": round(slowest, 2)}
    print(json.dumps(summary | {"peak_mib": peak}))
    return int(counts["fault"] + counts["ended"] > 0 or peak >= 1536 or slowest >= HANG_S)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--chunk"]:
        open_chunk(int(sys.argv[2]), int(sys.argv[3]))
    else:
        numbers = [int(text) for text in sys.argv[1:]]
        sys.exit(main(*(numbers + [FILES, 0][len(numbers) :])))
