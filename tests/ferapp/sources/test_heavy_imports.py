"""OpenCV is imported with its environment set, and by one thread at a time."""

import os
import subprocess
import sys

import pytest

from ferapp.sources.heavy_imports import OPENCV_ENVIRONMENT
from tests.support import ROOT

WATCH_IMPORT = """
import os, sys
from importlib.abc import MetaPathFinder

at_import = {}

class Watcher(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "cv2" and not at_import:
            at_import.update(os.environ)

sys.meta_path.insert(0, Watcher())
"""
CHECK = """
assert "cv2" in sys.modules
found = {name: at_import.get(name) for name in EXPECTED}
assert found == EXPECTED, found
"""
ENTRIES = {
    "load_opencv": "from ferapp.sources.heavy_imports import load_opencv; load_opencv()",
    "a source": "from ferapp.live import engine; engine.open_source('demo').close()",
    "cameras": "from ferapp.live import engine; engine.list_cameras()",
    "the pipeline": "import ferapp.vision.pipeline",
    "analyze": "import ferapp.studies.single_source",
    "doctor": "from ferapp.doctor import run_checks; run_checks()",
    "drawing": "import ferapp.studies.annotated_video",
}


def run(code: str, **variables: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in OPENCV_ENVIRONMENT}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | variables,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("entry", list(ENTRIES))
def test_the_environment_is_set_before_opencv_is_imported(entry: str) -> None:
    expected = f"EXPECTED = {OPENCV_ENVIRONMENT!r}\n"
    run(WATCH_IMPORT + ENTRIES[entry] + "\n" + expected + CHECK)


def test_values_set_by_the_user_stay() -> None:
    code = "import os, ferapp; assert os.environ['OPENCV_LOG_LEVEL'] == 'DEBUG'"
    run(code, OPENCV_LOG_LEVEL="DEBUG")


CONCURRENT_IMPORTS = """
import threading
from ferapp.sources.heavy_imports import load_opencv

barrier, failures = threading.Barrier(4), []

def use_opencv():
    barrier.wait()
    try:
        load_opencv()
        import cv2
        cv2.typing.MatLike
    except Exception as error:
        failures.append(error)

threads = [threading.Thread(target=use_opencv) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert not failures, failures
"""


def test_several_threads_can_import_opencv_at_once() -> None:
    run(CONCURRENT_IMPORTS)
