"""What imports may load, the import contracts, and PySide6 6.12 on Python 3.11."""

import subprocess
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget

from tests.support import ROOT


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(' '.join(name.split('.')[0] for name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_the_trainer_loads_neither_qt_nor_mediapipe() -> None:
    modules = loaded_by(
        "import trainer, trainer.cli.commands, trainer.training.trainer, trainer.evaluation"
    )
    assert "torch" in modules
    assert not modules & {"PySide6", "mediapipe", "pyqtgraph", "ferapp"}


def test_training_imports_no_statistics_packages() -> None:
    """Their import takes seconds, at every start of a run."""
    modules = loaded_by("import trainer.training.trainer")
    assert not modules & {"sklearn", "scipy", "pandas", "torchmetrics"}


def test_the_window_loads_no_torch_opencv_or_mediapipe() -> None:
    modules = loaded_by("import ferapp.ui.shell.window, ferapp.app, ferapp.live.engine")
    assert "PySide6" in modules
    assert not modules & {"torch", "cv2", "mediapipe", "torchvision"}


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout


def test_void_qt_calls_keep_the_references_of_none(qapp: QApplication) -> None:
    """PySide6 6.12.0 on Python < 3.12 loses a reference to None per call, until it crashes."""
    widget, timer = QWidget(), QTimer()
    before = sys.getrefcount(None)
    for _ in range(300):
        widget.update()
        widget.setMinimumWidth(10)
        timer.setInterval(5)
    assert abs(sys.getrefcount(None) - before) < 50
