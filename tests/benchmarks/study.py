"""A study in one process against one in as many as there are cores, on the same ten clips.

    uv run python tests/benchmarks/study.py
    uv run python tests/benchmarks/study.py --fer fer/bin/python
    uv run python tests/benchmarks/study.py --clips 100 --seconds 20 --only auto

The clips are pieces of the demo clip, looped, of `--seconds` each. For each way it prints frames a
second and milliseconds a frame of the whole command, from its start to its end, with loading; how
busy the cores were, from the first analysed frame until the last but one source is finished, which
is when a process begins to have nothing to do; and the most memory that one process had, and all
together. The ways take turns for `--rounds`, and `--only` measures one of them.

`--fer` names the Python of an environment with the package `fer`, see `against_fer.py`, which then
reads the same clips one after the other in one process, with Haar cascades and with MTCNN. Not
collected by pytest; run it on an otherwise idle machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import psutil

from tests.support import ROOT

DEMO = ROOT / "assets" / "demo" / "demo.mp4"
WAYS = {"one process": ["--jobs", "1"], "auto": ["--jobs", "auto"]}
SAMPLE_S = 0.25
FER = """
import json, sys, time
if sys.argv[1] == "mtcnn":
    import facenet_pytorch  # loaded after TensorFlow, it ends the process: both bring LLVM
import cv2
from fer.fer import FER

detector = FER(mtcnn=sys.argv[1] == "mtcnn")
limit, done, began = int(sys.argv[2]), 0, time.perf_counter()
for clip in sys.argv[3:]:
    capture = cv2.VideoCapture(clip)
    for _ in range(limit):
        read = capture.read()
        if not read[0]:
            break
        detector.detect_emotions(read[1])
        done += 1
print(json.dumps({"frames": done, "seconds": time.perf_counter() - began}))
"""


@dataclass
class Usage:
    """Of a process and its children, sampled while it runs."""

    peak_mib: float = 0.0  # of one process
    total_mib: float = 0.0  # of all at once
    busy: list[tuple[float, float]] = field(default_factory=list)  # (time, share of all cores)

    def watch(self, process: "subprocess.Popen[str]") -> None:
        root = psutil.Process(process.pid)
        before = psutil.cpu_times()
        while process.poll() is None:
            time.sleep(SAMPLE_S)
            sizes = []
            try:
                family = [root, *root.children(recursive=True)]
            except psutil.Error:
                break
            for member in family:
                try:
                    sizes.append(member.memory_info().rss / 2**20)
                except psutil.Error:
                    continue
            self.peak_mib = max(self.peak_mib, *sizes, 0)
            self.total_mib = max(self.total_mib, sum(sizes))
            now = psutil.cpu_times()
            whole = sum(now) - sum(before)
            idle = now.idle + getattr(now, "iowait", 0) - before.idle - getattr(before, "iowait", 0)
            self.busy.append((time.time(), 1 - idle / whole if whole else 0.0))
            before = now

    def mean_busy(self, begin: float, end: float) -> float:
        shares = [share for moment, share in self.busy if begin <= moment <= end]
        return statistics.fmean(shares) if shares else float("nan")


def run(command: list[str]) -> tuple[float, str, Usage]:
    """Seconds, the last line of stdout, and what it used. Ends the benchmark if it fails."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as notes:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=notes, text=True
        )
        usage = Usage()
        watcher = threading.Thread(target=usage.watch, args=[process])
        watcher.start()
        stdout, _ = process.communicate()
        watcher.join()
        seconds = time.perf_counter() - began
        if process.returncode:
            notes.seek(0)
            sys.exit(f"{command[0]} failed:\n{notes.read()[-2000:]}")
    return seconds, stdout.splitlines()[-1], usage


def write_clips(folder: Path, count: int, seconds: float) -> list[Path]:
    """Each begins elsewhere in the demo clip."""
    capture = cv2.VideoCapture(str(DEMO))
    rate, frames = capture.get(cv2.CAP_PROP_FPS), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    height, width = frames[0].shape[:2]
    files = [folder / f"clip{number:03d}.mp4" for number in range(count)]
    for number, file in enumerate(files):
        writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), rate, (width, height))
        for index in range(round(seconds * rate)):
            writer.write(frames[(37 * number + index) % len(frames)])
        writer.release()
    return files


def study(clips: Path, out: Path, options: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "ferapp", "analyze", str(clips), "--out", str(out)]
    seconds, line, usage = run([*command, *options, "--device", "cpu", "--json"])
    summary = json.loads(line)
    begin, end = busy_span(out / "progress.jsonl")
    return {
        "frames_per_s": summary["frames"] / seconds,
        "ms_per_frame": 1000 * seconds / summary["frames"],
        "busy": usage.mean_busy(begin, end),
        "peak_mib": usage.peak_mib,
        "total_mib": usage.total_mib,
    }


def busy_span(progress: Path) -> tuple[float, float]:
    """When the first frames were analysed, and when the last but one source was finished."""
    events = [json.loads(line) for line in progress.read_text().splitlines()]
    moments = [
        (time.mktime(time.strptime(event["time"][:19], "%Y-%m-%dT%H:%M:%S")), event)
        for event in events
    ]
    begin = min(moment for moment, event in moments if event.get("frames"))
    ends = sorted(moment for moment, event in moments if event["state"] == "done")
    return begin, ends[-2] if len(ends) > 1 else ends[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=["auto", "one", "fer"])
    parser.add_argument("--fer", metavar="PYTHON")
    parser.add_argument("--fer-frames", type=int, default=50, help="of each clip")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "clips").mkdir()
        clips = write_clips(folder / "clips", arguments.clips, arguments.seconds)
        print(f"{len(clips)} clips of {arguments.seconds:g} s, {os.cpu_count()} cores", flush=True)
        for number in range(arguments.rounds):
            for way, options in WAYS.items():
                if arguments.only not in (None, way.partition(" ")[0]):
                    continue
                result = study(folder / "clips", folder / f"{way} {number}", options)
                print(
                    f"{way:12} {result['frames_per_s']:6.1f} frames a second, "
                    f"{result['ms_per_frame']:5.1f} ms a frame, cores {result['busy']:4.0%} busy, "
                    f"at most {result['peak_mib']:.0f} MiB a process, "
                    f"{result['total_mib']:.0f} together",
                    flush=True,
                )
            for detector in ("haar", "mtcnn") if arguments.fer else ():
                command = [arguments.fer, "-c", FER, detector, str(arguments.fer_frames)]
                _, line, usage = run([*command, *map(str, clips)])
                result = json.loads(line)
                ms = 1000 * result["seconds"] / result["frames"]
                print(
                    f"fer, {detector:7} {1000 / ms:6.1f} frames a second, {ms:5.1f} ms a frame, "
                    f"at most {usage.peak_mib:.0f} MiB",
                    flush=True,
                )


if __name__ == "__main__":
    main()
