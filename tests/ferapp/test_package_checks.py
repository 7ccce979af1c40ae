"""Missing packages and bad combinations are found, with the remedy."""

import re
import tomllib
from pathlib import Path

import pytest
import torch

from ferapp import package_checks
from tests.support import ROOT


def test_the_required_packages_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[^\w-]", text)[0] for text in project["dependencies"]}
    assert required - {*package_checks.OPENCV, package_checks.ENUMERATOR} == set(
        package_checks.PACKAGES
    )


def test_a_missing_package_is_broken() -> None:
    check = package_checks.check_package("pyqtgraph", None)
    assert check.state == "broken"
    assert "pip install pyqtgraph" in check.remedy
    assert package_checks.check_package("pyqtgraph", "0.14").state == "ok"


def test_only_installed_packages_have_a_version() -> None:
    assert set(package_checks.installed_versions(["numpy", "no-such-package-1"])) == {"numpy"}


@pytest.mark.parametrize(
    ("version", "python", "state"),
    [
        ("6.12.0", (3, 11), "broken"),
        ("6.12.0", (3, 12), "ok"),
        ("6.11.3", (3, 11), "ok"),
    ],
)
def test_the_pyside_that_loses_references(
    version: str, python: tuple[int, int], state: str
) -> None:
    check = package_checks.check_pyside(version, python)
    assert check.state == state
    assert ("<6.12" in check.remedy) == (state == "broken")


@pytest.mark.parametrize(
    ("version", "state"),
    [("0.10.32", "ok"), ("0.10.33", "broken"), ("0.10.35", "warning"), ("1.2.3", "warning")],
)
def test_the_mediapipe_versions_that_crash_or_call_home(version: str, state: str) -> None:
    check = package_checks.check_mediapipe(version)
    assert check.state == state
    assert ("<0.10.33" in check.remedy) == (state != "ok")


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10), "warning"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "warning")],
)
def test_untested_pythons_are_named(version: tuple[int, int], state: str) -> None:
    assert package_checks.check_python(version, "text").state == state


def test_two_owners_of_cv2_must_have_one_version() -> None:
    same = {"opencv-python": "4.14.0.94", "opencv-contrib-python": "4.14.0.94"}
    assert package_checks.check_opencv(same, "").state == "ok"
    mixed = {"opencv-python": "4.9.0.80", "opencv-contrib-python-headless": "4.14.0.94"}
    check = package_checks.check_opencv(mixed, "")
    assert check.state == "broken"
    assert "opencv-python 4.9.0.80, opencv-contrib-python-headless 4.14.0.94" in check.finding
    # all to the newest, by number and not by letter
    assert "opencv-python==4.14.0.94 opencv-contrib-python-headless==4.14.0.94" in check.remedy


def test_removing_one_owner_removes_cv2() -> None:
    left = {"opencv-contrib-python": "4.14.0.94"}
    check = package_checks.check_opencv(left, "ModuleNotFoundError: No module named 'cv2'")
    assert check.state == "broken"
    assert "No module named 'cv2'" in check.finding
    assert "--force-reinstall --no-deps opencv-contrib-python==4.14.0.94" in check.remedy
    assert package_checks.check_opencv({}, "").state == "broken"


@pytest.mark.parametrize(
    ("torch_version", "torchvision_version", "error", "state"),
    [
        ("2.15.0+cu132", "0.29.2+cu132", "", "ok"),
        ("2.15.0", "0.29.2", "", "ok"),
        ("2.11.0+cu130", "0.26.0+cpu", "", "ok"),  # torchvision's operators run on the CPU then
        ("2.11.0+cu130", "0.26.0+cu132", "", "ok"),
        ("2.11.0+cu128", "0.26.0+cu130", "", "broken"),
        ("2.11.0+cpu", "0.26.0+cu130", "libc10_cuda.so: cannot open", "broken"),
    ],
)
def test_torch_and_torchvision_must_fit(
    torch_version: str, torchvision_version: str, error: str, state: str
) -> None:
    check = package_checks.check_torch_pair(torch_version, torchvision_version, error)
    assert check.state == state
    assert error in check.finding
    assert ("pip install --force-reinstall torch torchvision" in check.remedy) == (
        state == "broken"
    )


def test_a_torchvision_whose_operators_do_not_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_C.so").write_bytes(b"no library")
    (tmp_path / "version.py").write_text("__version__ = '0.26.0+cu130'\n")
    monkeypatch.setattr(package_checks, "_package_folder", lambda name: tmp_path)
    error = package_checks.torchvision_error()
    assert "_C.so" in error
    assert "\n" not in error
    assert package_checks.torch_builds() == (str(torch.__version__), "0.26.0+cu130")


def test_qt_pointed_at_opencvs_plugins() -> None:
    assert package_checks.check_qt_plugins(None).state == "ok"
    for path in ("/env/site-packages/cv2/qt/plugins", r"C:\env\Lib\site-packages\cv2\qt\plugins"):
        check = package_checks.check_qt_plugins(path)
        assert check.state == "warning"
        assert "OpenCV's Qt 5" in check.finding
    assert "OpenCV" not in package_checks.check_qt_plugins("/opt/qt6/plugins").finding
