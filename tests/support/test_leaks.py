"""The fixture that finds what a test leaves behind, finds it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from tests.support import ROOT, leaks

SOON_S = 0.05


def found(old: leaks.Before) -> str:
    return "\n".join(leaks.left_behind(old, SOON_S))


def test_nothing_is_nothing(qapp: QApplication) -> None:
    assert found(leaks.before()) == ""


@pytest.mark.parametrize("visible", [True, False])
def test_a_widget(qapp: QApplication, visible: bool) -> None:
    old = leaks.before()
    widget = QWidget()
    widget.setWindowTitle("forgotten")
    widget.setVisible(visible)
    words = "visible" if visible else "not deleted"
    assert found(old) == f"a top-level widget is {words}: QWidget 'forgotten'"
    widget.deleteLater()
    assert found(old) == ""


def test_a_menu_is_a_widget(qapp: QApplication) -> None:
    old = leaks.before()
    menu = QMenu("Own")
    assert "QMenu" in found(old)
    menu.deleteLater()
    assert found(old) == ""


def test_a_thread_with_the_place_that_started_it() -> None:
    old, ends = leaks.before(), threading.Event()
    thread = threading.Thread(target=ends.wait, name="forgotten", daemon=True)
    thread.start()
    line = found(old)
    assert "'forgotten'" in line
    assert f"{__file__}:" in line
    ends.set()
    assert found(old) == ""


def test_a_thread_that_is_ending_is_waited_for() -> None:
    old, ends = leaks.before(), threading.Event()
    threading.Thread(target=ends.wait).start()
    threading.Timer(0.1, ends.set).start()
    assert leaks.left_behind(old, leaks.PATIENCE_S) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_child_process() -> None:
    old = leaks.before()
    child = subprocess.Popen(["sleep", "1000"])
    assert f"{child.pid} sleep 1000" in found(old)
    child.kill()
    assert f"{child.pid} (ended, but not waited for)" in found(old)
    child.wait()
    assert found(old) == ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_descriptor(tmp_path: Path) -> None:
    old = leaks.before()
    stream = (tmp_path / "forgotten.txt").open("w")
    assert found(old) == f"a descriptor is open: {tmp_path / 'forgotten.txt'}"
    stream.close()
    assert found(old) == ""


def test_what_only_garbage_keeps_is_no_leak(tmp_path: Path) -> None:
    old = leaks.before()
    loop: list[object] = [(tmp_path / "forgotten.txt").open("w")]
    loop.append(loop)
    del loop
    with pytest.warns(ResourceWarning):
        assert found(old) == ""


def test_looking_is_cheap(qapp: QApplication) -> None:
    times = []
    for _ in range(20):
        began = time.perf_counter()
        leaks.left_behind(leaks.before(), SOON_S)
        times.append(time.perf_counter() - began)
    assert min(times) < 0.002


def test_the_fixture_fails_the_test_and_names_it(tmp_path: Path) -> None:
    """A test that fails by itself is not blamed a second time."""
    (tmp_path / "test_it.py").write_text(
        "import threading, time\n"
        "from tests.support import leaks\n"
        "leaks.PATIENCE_S = 0.1\n"
        "def test_forgets():\n"
        "    threading.Thread(target=time.sleep, args=(1000,), daemon=True, name='lost').start()\n"
        "def test_cleans_up():\n"
        "    thread = threading.Thread(target=int)\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "def test_fails():\n"
        "    stream = open(__file__)\n"
        "    assert not stream.readable()\n"
    )
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "tests.support.leaks",
                "-p",
                "no:cacheprovider",
            ),
            *("-p", "no:pytest-qt", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert "1 failed, 2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "ERROR test_it.py::test_forgets" in done.stdout
    assert "a thread runs on: 'lost', started at" in done.stdout
    assert "test_it.py:5" in done.stdout
