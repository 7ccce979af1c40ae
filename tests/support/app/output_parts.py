"""Live output under test: a receiver in a process of its own, and faces with known numbers."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ferapp.studies.live_output.face_values import FaceValues, SentModel
from ferapp.vision.signals import SIGNALS
from ferapp.vision.types import QualityKind
from tests.support import ROOT
from trainer.labels import EXPRESSIONS

SCRIPT = ROOT / "tests/support/app/output_receiver.py"
MODEL = SentModel("default", EXPRESSIONS)
WAIT_S = 30
# LSL on the loopback only, in a session of its own: no other program's streams, nothing to others
LSL_CONFIG = """
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
AddressesOverride = {{127.0.0.1}}
[lab]
KnownPeers = {{127.0.0.1}}
SessionID = ferapp-test-{pid}
[log]
level = -3
"""


def keep_lsl_on_this_computer(folder: Path) -> None:
    """Before liblsl is loaded here for the first time; children inherit it."""
    file = folder / "lsl_api.cfg"
    file.write_text(LSL_CONFIG.format(pid=os.getpid()))
    os.environ["LSLAPICFG"] = str(file)


class Receiver:
    """What the other process received, in order."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        assert process.stdout is not None
        self._out = process.stdout
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        for line in self._out:
            self._lines.put(line)

    def next(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._lines.get(timeout=WAIT_S))
        return found

    def take(self, count: int) -> list[dict[str, Any]]:
        return [self.next() for _ in range(count)]


@contextmanager
def receiver(*arguments: str) -> Iterator[Receiver]:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    receives = Receiver(process)
    try:
        yield receives
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(WAIT_S)
        receives.thread.join()
        assert process.stdout is not None
        process.stdout.close()


def values(number: int, face_id: int = 0, model: SentModel = MODEL) -> FaceValues:
    """Numbers that are different for each `number`, and exact as float32."""
    count = len(model.classes)
    return FaceValues(
        face_id,
        ((np.arange(count) + number) / 1024).astype(np.float32),
        (np.arange(len(SIGNALS)) + number / 64).astype(np.float32),
        np.array([0.5, -0.25], np.float32) if model.valence_arousal else None,
        frozenset([QualityKind.DARK] if number % 2 else []),
    )
