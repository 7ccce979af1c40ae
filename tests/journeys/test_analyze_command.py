"""`ferapp analyze` as a person runs it: what it prints, how it ends, and bad input."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support import ROOT
from tests.support.app.analyze_parts import frames_of, rows_of
from trainer.files import asset


class TestCommand:
    @pytest.fixture
    def on_a_terminal(self) -> Iterator[tuple[int, list[str]]]:
        """A terminal for stderr, and what arrives there."""
        ours, theirs = pty.openpty()
        heard: list[str] = []

        def listen() -> None:
            while True:
                try:
                    heard.append(os.read(ours, 4096).decode(errors="replace"))
                except OSError:  # its last writer is gone
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        yield theirs, heard
        os.close(theirs)
        listener.join()
        os.close(ours)

    @pytest.mark.slow
    def test_stdout_has_the_summary_only(
        self, tmp_path: Path, on_a_terminal: tuple[int, list[str]]
    ) -> None:
        terminal, heard = on_a_terminal
        options = ["--video", "out.mp4", "--max-frames", "5", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "ferapp", "analyze", "demo", *options],
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            cwd=tmp_path,
            timeout=300,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"},
        )
        assert done.returncode == 0, "".join(heard)
        (line,) = done.stdout.splitlines()
        assert json.loads(line)["frames"] == 5
        assert len(frames_of(tmp_path / "out.mp4")[1]) == 5
        assert "5 of 5 frames, 100 %" in "".join(heard)

    @pytest.mark.slow
    def test_interrupted_it_ends_properly(self, tmp_path: Path) -> None:
        video, table = tmp_path / "out.mp4", tmp_path / "out.csv"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "ferapp", "analyze", "demo", "--json"),
                *("--video", str(video), "--csv", str(table)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            pulse = threading.Event()
            for _ in range(3000):
                if process.poll() is not None or (table.exists() and len(rows_of(table)) > 20):
                    break
                pulse.wait(0.1)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=120)
        finally:
            process.kill()
            process.communicate()
        assert process.returncode == 130, stderr
        assert "Traceback" not in stderr
        summary = json.loads(stdout.splitlines()[-1])
        assert summary["stopped"] is True
        assert 0 < summary["frames"] < 471
        assert len(frames_of(video)[1]) == len(rows_of(table)) == summary["frames"]


def test_without_a_file_a_notice_says_so(command, tmp_path: Path, demo_frame: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), demo_frame)
    done = command.process("ferapp", "analyze", "face.png", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["frames"] == 1
    assert done.stderr == "Nothing was written: use --csv FILE to keep the rows.\n"
    done = command("ferapp", "analyze", "face.png", "--csv", "faces.csv")
    assert done.stderr == ""


class TestBadInput:
    """One message that names the file and the reason, exit code 1 or 2, no traceback."""

    def refused(
        self, done: "subprocess.CompletedProcess[str]", *parts: str, code: tuple[int, ...] = (1, 2)
    ) -> None:
        assert done.returncode in code, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("Error:") == 1
        for part in parts:
            assert part in done.stderr

    def test_sources(self, command, tmp_path: Path, demo_frame: np.ndarray) -> None:
        self.refused(command("ferapp", "analyze", "gone.mp4"), "gone.mp4", "no such file")
        (tmp_path / "text.mp4").write_text("no video at all")
        self.refused(command("ferapp", "analyze", "text.mp4"), "text.mp4", "cannot be opened")
        (tmp_path / "text.png").write_text("no picture at all")
        self.refused(command("ferapp", "analyze", "text.png"), "text.png", "could not be read")

    def test_a_truncated_video(self, command, tmp_path: Path) -> None:
        whole = asset("demo/demo.mp4").read_bytes()
        (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
        self.refused(command("ferapp", "analyze", "half.mp4", "--every", 20), "half.mp4")

    def test_models(self, command, tmp_path: Path, demo_frame: np.ndarray) -> None:
        cv2.imwrite(str(tmp_path / "face.png"), demo_frame)
        (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04K\x01.")
        ask = ("ferapp", "analyze", "face.png", "--model")
        self.refused(command(*ask, "bad.safetensors"), "bad.safetensors", "not a model file")
        self.refused(command(*ask, "nobody"), "nobody", "default")

    def test_usage(self, command) -> None:
        done = command("ferapp", "analyze", "demo", "--every", "0")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        self.refused(command("ferapp", "--page", "kitchen"), "kitchen", "live", code=(2,))
        self.refused(command("ferapp", "analyze", "demo", "--device", "abacus"), "abacus")
        no_video = command("ferapp", "analyze", "demo", "--video", "out.gif")
        self.refused(no_video, "out.gif", ".mkv", code=(2,))
