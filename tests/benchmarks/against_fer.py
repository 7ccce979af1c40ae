"""Milliseconds a frame of `ferapp analyze` beside those of the package `fer`, on the same frames.

    uv venv fer
    uv pip install --python fer/bin/python fer "setuptools<80" "opencv-contrib-python<5"
    uv run python tests/benchmarks/against_fer.py fer/bin/python
    uv run python tests/benchmarks/against_fer.py --memory 5

`fer` has an environment of its own, whose Python is named; it is no dependency of this project.
Version 25.10 of it needs older setuptools (pkg_resources) and OpenCV 4 (its cascades).

Ours is the whole command: decoding, landmarks with pose and action units, model, CSV. Of `fer` only
decoding and `FER.detect_emotions` count, with Haar cascades and with MTCNN and its default
TensorFlow Lite model; its own `Video.analyze` also draws and packs pictures. Loading is not counted
on either side, nor are the first frames of `fer`. The three take turns, so that other load on the
machine affects all alike. Run it on an otherwise idle machine; it prints all rounds and medians.

`--memory M` analyses the demo clip looped for M minutes and prints how much memory was resident.
Not collected by pytest.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2

from tests.support import ROOT

DEMO = ROOT / "assets" / "demo" / "demo.mp4"
WARM_UP = 3  # frames
THEIRS = """
import json, sys, time
if sys.argv[4] == "mtcnn":
    import facenet_pytorch  # loaded after TensorFlow, it ends the process: both bring LLVM
import cv2
from fer.fer import FER

clip, frames, warm_up = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
detector = FER(mtcnn=sys.argv[4] == "mtcnn")
capture = cv2.VideoCapture(clip)
for _ in range(warm_up):
    detector.detect_emotions(capture.read()[1])
capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
began, done, with_face = time.perf_counter(), 0, 0
while done < frames and (read := capture.read())[0]:
    with_face += bool(detector.detect_emotions(read[1]))
    done += 1
seconds = time.perf_counter() - began
result = {"ms_per_frame": 1000 * seconds / done, "frames": done, "frames_with_face": with_face}
print(json.dumps(result))
"""


def last_json(command: list[str]) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def ours(clip: Path, frames: int, table: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "ferapp", "analyze", str(clip), "--csv", str(table)),
        *("--max-frames", str(frames), "--device", "cpu", "--json"),
    ]


def compare(fer: str, frames: int, rounds: int, folder: Path) -> None:
    commands = {
        "ferapp analyze": ours(DEMO, frames, folder / "faces.csv"),
        **{
            f"fer, {name}": [fer, "-c", THEIRS, str(DEMO), str(frames), str(WARM_UP), name]
            for name in ("haar", "mtcnn")
        },
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            result = last_json(command)
            times[name].append(result["ms_per_frame"])
            print(
                f"round {number + 1}  {name:14}  {result['ms_per_frame']:7.1f} ms a frame, "
                f"a face in {result['frames_with_face']} of {result['frames']}",
                flush=True,
            )
    medians = {name: statistics.median(values) for name, values in times.items()}
    own = medians["ferapp analyze"]
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end; medians:")
    for name, median in medians.items():
        print(f"{name:14}  {median:7.1f} ms a frame  {median / own:5.2f} x")


def looped(minutes: float, file: Path) -> int:
    """The demo clip over and over; the number of its frames."""
    capture = cv2.VideoCapture(str(DEMO))
    rate, frames = capture.get(cv2.CAP_PROP_FPS), []
    while (read := capture.read())[0]:
        frames.append(read[1])
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    count = round(minutes * 60 * rate)
    for index in range(count):
        writer.write(frames[index % len(frames)])
    writer.release()
    return count


def memory(minutes: float, folder: Path) -> None:
    clip, table = folder / "long.avi", folder / "long.csv"
    frames = looped(minutes, clip)
    print(f"{frames} frames, {minutes:g} minutes", flush=True)
    began = time.monotonic()
    with (folder / "notes").open("w") as notes:
        process = subprocess.Popen(
            ours(clip, frames, table), cwd=ROOT, stdout=subprocess.PIPE, stderr=notes, text=True
        )
    peak, next_report = 0.0, 0
    while process.poll() is None:
        time.sleep(1)
        try:
            pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
        mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        peak = max(peak, mib)
        done = int(_last_frame(table) or 0)
        if done >= next_report:
            next_report = done + frames // 10
            passed = time.monotonic() - began
            print(f"frame {done:6}  {mib:7.1f} MiB resident  {passed:6.0f} s", flush=True)
    assert process.stdout is not None
    print(f"peak {peak:.1f} MiB, exit {process.returncode}\n{process.stdout.read().strip()}")


def _last_frame(table: Path) -> str:
    """Number of the last frame in a table, from its last bytes."""
    if not table.exists():
        return ""
    with table.open("rb") as stream:
        stream.seek(max(0, table.stat().st_size - 2000))
        lines = stream.read().split(b"\r\n")
    cell = lines[-2].split(b",")[0].decode() if len(lines) > 2 else ""
    return cell if cell.isdecimal() else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fer", nargs="?", help="Python of an environment with the package fer")
    parser.add_argument("--frames", type=int, default=471)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=float, default=0, metavar="MINUTES")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if arguments.memory:
            memory(arguments.memory, Path(name))
        if arguments.fer:
            compare(arguments.fer, arguments.frames, arguments.rounds, Path(name))


if __name__ == "__main__":
    main()
