"""Every page and dialog fits on a small screen and on a scaled one."""

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog

import ferapp.ui
from ferapp.ui.widgets.dialogs import ModelessDialog
from ferapp.ui.widgets.screen_fit import ScreenDialog


def dialog_classes(base: type[QDialog]) -> set[type[QDialog]]:
    """Those of the app that derive from `base`."""
    for module in pkgutil.walk_packages(ferapp.ui.__path__, "ferapp.ui."):
        importlib.import_module(module.name)
    found, new = set[type[QDialog]](), {base}
    while new:
        new = {each for one in new for each in one.__subclasses__()} - found
        found |= new
    return {each for each in found if each.__module__.startswith("ferapp.")}


@pytest.mark.parametrize(
    ("pixels", "factor", "points"),
    [((800, 560), "1", [800, 560]), ((1600, 1000), "2", [800, 500])],
)
def test_nothing_is_larger_than_the_screen_or_beyond_it(
    tmp_path: Path, pixels: tuple[int, int], factor: str, points: list[int]
) -> None:
    screen = {"name": "small", "x": 0, "y": 0, "width": pixels[0], "height": pixels[1]}
    described = {"screens": [{**screen, "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}]}
    file = tmp_path / "screen.json"
    file.write_text(json.dumps({**described, "windowFrameMargins": True}))
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.app.small_screen"],
        env={
            **os.environ,
            "QT_QPA_PLATFORM": f"offscreen:configfile={file}",
            "QT_SCALE_FACTOR": factor,
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["screen"] == points
    assert answer["faults"] == []
    every_dialog = {each.__name__ for each in dialog_classes(ScreenDialog) - {ModelessDialog}}
    assert every_dialog <= set(answer["opened"]), "open it in tests.support.app.small_screen"


def test_every_dialog_is_one_that_keeps_to_the_screen() -> None:
    assert dialog_classes(QDialog) == dialog_classes(ScreenDialog) | {ScreenDialog}
