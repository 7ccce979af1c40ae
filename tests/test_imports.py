"""What imports may load, the import contracts, and PySide6 6.12 on Python 3.11."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
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


def test_the_window_loads_no_torch_opencv_pyav_or_mediapipe() -> None:
    modules = loaded_by("import ferapp.ui.shell.window, ferapp.app, ferapp.live.engine")
    assert "PySide6" in modules
    assert not modules & {"torch", "cv2", "av", "mediapipe", "torchvision"}


def test_the_live_pipeline_loads_only_what_a_first_face_needs() -> None:
    modules = loaded_by(
        "import threading; from ferapp.live import engine; engine.make_analyzer();"
        " t = threading.Thread(target=lambda: engine.make_landmarker().close()); t.start();"
        " engine.make_classifier('default', 'cpu'); t.join();"
        " assert 'torch._dynamo' not in sys.modules"
    )
    assert {"torch", "cv2"} <= modules
    assert not modules & {
        "matplotlib", "sympy", "pandas", "scipy", "sklearn", "torchvision", "jax", "sounddevice"
    }  # fmt: skip


WINDOW = ("ferapp/ui", "ferapp/bench", "ferapp/app.py", "ferapp/cli", "ferapp/doctor.py")


def imported_by(file: Path) -> Iterator[str]:
    """Every module, and every name of a module, that the file imports anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_widgets_and_plots_are_imported_by_the_window_only() -> None:
    """What draws below the window, in other threads and without a display, uses QtGui alone."""
    offenders = {
        f"{file.relative_to(ROOT)}: {name}"
        for package in ("ferapp", "trainer")
        for file in (ROOT / package).rglob("*.py")
        if not file.relative_to(ROOT).as_posix().startswith(WINDOW)
        for name in imported_by(file)
        if f"{name}.".startswith(("PySide6.QtWidgets.", "pyqtgraph."))
    }
    assert offenders == set()


def test_overlays_bring_no_widgets() -> None:
    code = (
        "import sys, ferapp.overlays.render_overlays;"
        "print(*(n for n in sys.modules if 'QtWidgets' in n or 'pyqtgraph' in n or '.ui' in n))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == []


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


def test_no_module_name_is_used_twice() -> None:
    """A name says what it is without its package."""
    files = [*ROOT.glob("ferapp/**/*.py"), *ROOT.glob("trainer/**/*.py")]
    counts = Counter(file.name for file in files if file.name not in ("__init__.py", "__main__.py"))
    assert len(counts) > 150
    assert [name for name, count in counts.items() if count > 1] == []
