"""Console commands as a person types them."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT


class Command:
    """Runs a console command as a person would, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, module: str, *arguments: object, timeout: float = 300
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=timeout,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"},
        )
