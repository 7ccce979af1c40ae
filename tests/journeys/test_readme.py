"""The README's code examples run."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support import ROOT
from tests.support.trainer.drawn import drawn_data

README = ROOT / "README.md"


@pytest.mark.slow
def test_a_network_a_loss_and_a_data_set_of_your_own(tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").split("## Add your own")[1]
    (code,) = re.findall(r"```python\n(.*?)```", section.split("\n## ")[0], re.DOTALL)
    assert len(code.strip().splitlines()) < 50
    command = " ".join(re.findall(r"`(python mine.py train .*?)`", section, re.DOTALL)[0].split())
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    data = drawn_data(20)
    np.savez(tmp_path / "faces.npz", images=data.images, label=data.label, split=data.split)
    done = subprocess.run(
        [
            sys.executable,
            *shlex.split(command)[1:],
            *("--no-landmarks", "--json", "--set", "optim.epochs=3"),
            *("--set", "optim.batch_size=20", "--set", "augment.start_side=0"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(README.parent), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "spread" in done.stderr  # its value is printed for each epoch
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["best"]["accuracy"] > 1 / 7
