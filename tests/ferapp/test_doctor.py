"""Doctor: bad combinations are found and their mending is named; the command tells the truth."""

import hashlib
import json
import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ferapp import doctor
from ferapp.doctor import Check, as_dict, as_text, is_broken
from ferapp.sources.camera_info import CameraInfo
from tests.support import ROOT
from trainer.card import ModelCard
from trainer.models import create
from trainer.models.model_file import save_model

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_the_required_packages_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[^\w-]", text)[0] for text in project["dependencies"]}
    assert required - {*doctor.OPENCV, doctor.ENUMERATOR} == set(doctor.PACKAGES)


def test_a_missing_package_is_broken() -> None:
    check = doctor.check_package("scikit-learn", None)
    assert check.state == "broken"
    assert "pip install scikit-learn" in check.mend
    assert doctor.check_package("scikit-learn", "1.6").state == "ok"


def test_installed_leaves_out_what_is_not_there() -> None:
    assert set(doctor.installed(["numpy", "no-such-package-1"])) == {"numpy"}


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
    check = doctor.check_pyside(version, python)
    assert check.state == state
    assert ("<6.12" in check.mend) == (state == "broken")


@pytest.mark.parametrize(
    ("version", "state"),
    [("0.10.32", "ok"), ("0.10.33", "broken"), ("0.10.35", "warning"), ("1.2.3", "warning")],
)
def test_the_mediapipes_that_crash_or_call_home(version: str, state: str) -> None:
    check = doctor.check_mediapipe(version)
    assert check.state == state
    assert ("<0.10.33" in check.mend) == (state != "ok")


@pytest.mark.parametrize(
    ("version", "state"), [((3, 10), "warning"), ((3, 11), "ok"), ((3, 13), "warning")]
)
def test_untested_pythons_are_told(version: tuple[int, int], state: str) -> None:
    assert doctor.check_python(version, "text").state == state


def test_two_owners_of_cv2_must_have_one_version() -> None:
    same = {"opencv-python": "4.14.0.94", "opencv-contrib-python": "4.14.0.94"}
    assert doctor.check_opencv(same, "").state == "ok"
    mixed = {"opencv-python": "4.9.0.80", "opencv-contrib-python-headless": "4.14.0.94"}
    check = doctor.check_opencv(mixed, "")
    assert check.state == "broken"
    assert "opencv-python 4.9.0.80, opencv-contrib-python-headless 4.14.0.94" in check.found
    # all to the newest, by number and not by letter
    assert "opencv-python==4.14.0.94 opencv-contrib-python-headless==4.14.0.94" in check.mend


def test_a_removed_owner_has_taken_cv2_with_it() -> None:
    left = {"opencv-contrib-python": "4.14.0.94"}
    check = doctor.check_opencv(left, "ModuleNotFoundError: No module named 'cv2'")
    assert check.state == "broken"
    assert "No module named 'cv2'" in check.found
    assert "--force-reinstall --no-deps opencv-contrib-python==4.14.0.94" in check.mend
    assert doctor.check_opencv({}, "").state == "broken"


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
    check = doctor.check_torch_pair(torch_version, torchvision_version, error)
    assert check.state == state
    assert error in check.found
    assert ("pip install --force-reinstall torch torchvision" in check.mend) == (state == "broken")


def test_a_torchvision_whose_operators_do_not_load_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "_C.so").write_bytes(b"no library")
    (tmp_path / "version.py").write_text("__version__ = '0.26.0+cu130'\n")
    monkeypatch.setattr(doctor, "_package_folder", lambda name: tmp_path)
    error = doctor._torchvision_error()
    assert "_C.so" in error
    assert "\n" not in error
    assert doctor._torch_builds() == (str(torch.__version__), "0.26.0+cu130")


def test_qt_pointed_at_opencvs_plugins() -> None:
    assert doctor.check_qt_plugins(None).state == "ok"
    for path in ("/env/site-packages/cv2/qt/plugins", r"C:\env\Lib\site-packages\cv2\qt\plugins"):
        check = doctor.check_qt_plugins(path)
        assert check.state == "warning"
        assert "OpenCV's Qt 5" in check.found
    assert "OpenCV" not in doctor.check_qt_plugins("/opt/qt6/plugins").found


def test_cameras_are_named_and_none_is_no_failure(tmp_path: Path) -> None:
    assert doctor.check_cameras([]).state == "warning"
    check = doctor.check_cameras([CameraInfo(0, "Front"), CameraInfo(2, "Desk")])
    assert (check.state, check.found) == ("ok", "0: Front; 2: Desk")
    assert doctor.check_camera_list(can_list=False).state == "warning"


def test_a_camera_that_may_not_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path != "/dev/video2")
    cameras = [
        CameraInfo(0, "Front", path="/dev/video0"),
        CameraInfo(2, "Desk", path="/dev/video2"),
    ]
    check = doctor.check_cameras(cameras)
    assert check.state == "warning"
    assert "may not open /dev/video2" in check.found
    assert "video" in check.mend


def test_damaged_and_missing_assets(tmp_path: Path) -> None:
    there, gone = tmp_path / "face_landmarker.task", tmp_path / "demo.mp4"
    states = [check.state for check in doctor.check_assets(there, gone)]
    assert states == ["broken", "warning"]
    there.write_bytes(b"half a download")
    assert "damaged" in doctor.check_assets(there, gone)[0].found


def test_the_digest_is_that_of_the_notice() -> None:
    assert doctor.LANDMARKER_SHA256 in (ROOT / "assets" / "NOTICE.md").read_text(encoding="utf-8")
    content = (ROOT / "assets" / doctor.LANDMARKER).read_bytes()
    assert hashlib.sha256(content).hexdigest() == doctor.LANDMARKER_SHA256


@pytest.fixture
def model_file(tmp_path: Path) -> Callable[[str], Path]:
    def make(stem: str) -> Path:
        network = create("compact")
        card = ModelCard(
            name=stem,
            architecture="compact",
            arguments={},
            attribution_layer=network.attribution_layer,
            metrics={"accuracy": 0.7125},
        )
        path = tmp_path / f"{stem}.safetensors"
        save_model(path, network.state_dict(), card)
        return path

    return make


def test_a_model_is_loaded_and_its_card_told(model_file: Callable[[str], Path]) -> None:
    check = doctor.check_model(model_file("other"))
    assert check.state == "ok"
    assert "compact" in check.found
    assert "71.25%" in check.found


@pytest.mark.parametrize(("stem", "state"), [("default", "broken"), ("other", "warning")])
def test_a_truncated_model_is_broken_when_the_app_needs_it(
    model_file: Callable[[str], Path], stem: str, state: str
) -> None:
    path = model_file(stem)
    path.write_bytes(path.read_bytes()[:-100])
    check = doctor.check_model(path)
    assert check.state == state
    assert "truncated" in check.found
    assert str(path) in check.found


def test_no_bundled_default_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.model_index.asset", lambda name: tmp_path / name)
    assert [check.state for check in doctor._models()] == ["broken"]


def test_the_text_says_what_to_do_and_sums_up() -> None:
    good, poor = Check("one", "ok", "1.0"), Check("second", "warning", "odd", "Turn it.")
    bad = Check("third", "broken", "gone", "Bring it back.")
    text = as_text([good, poor, bad])
    assert "broken   third   gone\n" in text
    assert "→ Turn it." in text
    assert text.endswith("Broken: 1. Warnings: 1.")
    assert as_text([good, poor]).endswith("Everything needed works. Warnings: 1.")
    assert is_broken([good, bad])
    assert not is_broken([good, poor])
    assert as_dict([bad])["ok"] is False


def test_the_command_prints_one_object_and_exits_by_it(command: Run) -> None:
    done = command("ferapp", "doctor", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    states = {check["name"]: check["state"] for check in result["checks"]}
    assert done.returncode == (1 if "broken" in states.values() else 0), done.stderr
    assert result["ok"] == (done.returncode == 0)
    assert {"python", "opencv", "torch and torchvision", "cpu", "cameras"} <= set(states)
    assert states["landmark model"] == "ok"
    # what is not ok says how to mend it
    assert all(check["mend"] for check in result["checks"] if check["state"] != "ok")


def test_the_command_finds_a_foreign_plugin_path(
    command: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/env/cv2/qt/plugins")
    done = command("ferapp", "doctor")
    line = next(line for line in done.stdout.splitlines() if "Qt plugins" in line)
    assert line.startswith("warning")
    assert "Traceback" not in done.stderr
