"""`ferapp doctor`: cameras, assets and models, its text and its exit code."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ferapp import doctor
from ferapp.doctor import as_dict, as_text, is_broken
from ferapp.package_checks import Check, check_camera_enumerator
from ferapp.sources.camera_info import CameraInfo
from tests.support import ROOT
from tests.support.command import Command
from trainer.card import ModelCard
from trainer.models import create
from trainer.models.model_file import save_model


def test_cameras_are_named_and_none_is_a_warning(tmp_path: Path) -> None:
    assert doctor.check_cameras([]).state == "warning"
    check = doctor.check_cameras([CameraInfo(0, "Front"), CameraInfo(2, "Desk")])
    assert (check.state, check.finding) == ("ok", "0: Front; 2: Desk")
    assert check_camera_enumerator(is_installed=False).state == "warning"


def test_a_camera_that_may_not_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path != "/dev/video2")
    cameras = [
        CameraInfo(0, "Front", path="/dev/video0"),
        CameraInfo(2, "Desk", path="/dev/video2"),
    ]
    check = doctor.check_cameras(cameras)
    assert check.state == "warning"
    assert "may not open /dev/video2" in check.finding
    assert "video" in check.remedy


def test_damaged_and_missing_assets(tmp_path: Path) -> None:
    there, gone = tmp_path / "face_landmarker.task", tmp_path / "demo.mp4"
    states = [check.state for check in doctor.check_assets(there, gone)]
    assert states == ["broken", "warning"]
    there.write_bytes(b"half a download")
    assert "damaged" in doctor.check_assets(there, gone)[0].finding


def test_the_digest_is_the_one_in_the_notice() -> None:
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


def test_a_model_loads_and_its_card_is_shown(model_file: Callable[[str], Path]) -> None:
    check = doctor.check_model(model_file("other"))
    assert check.state == "ok"
    assert "compact" in check.finding
    assert "71.25%" in check.finding


@pytest.mark.parametrize(("stem", "state"), [("default", "broken"), ("other", "warning")])
def test_a_truncated_model_is_broken_when_the_app_needs_it(
    model_file: Callable[[str], Path], stem: str, state: str
) -> None:
    path = model_file(stem)
    path.write_bytes(path.read_bytes()[:-100])
    check = doctor.check_model(path)
    assert check.state == state
    assert "truncated" in check.finding
    assert str(path) in check.finding


def test_no_bundled_default_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.model_index.asset", lambda name: tmp_path / name)
    assert [check.state for check in doctor._model_checks()] == ["broken"]


def test_the_text_has_remedies_and_totals() -> None:
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


def test_the_command_prints_one_object_and_sets_the_exit_code(command: Command) -> None:
    done = command.process("ferapp", "doctor", "--json")
    result = json.loads(done.stdout.splitlines()[-1])
    states = {check["name"]: check["state"] for check in result["checks"]}
    assert done.returncode == (1 if "broken" in states.values() else 0), done.stderr
    assert result["ok"] == (done.returncode == 0)
    assert {"python", "opencv", "torch and torchvision", "cpu", "cameras"} <= set(states)
    assert states["landmark model"] == "ok"
    # whatever is not ok has a remedy
    assert all(check["mend"] for check in result["checks"] if check["state"] != "ok")


def test_the_command_finds_a_foreign_plugin_path(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM_PLUGIN_PATH", "/env/cv2/qt/plugins")
    done = command("ferapp", "doctor")
    line = next(line for line in done.stdout.splitlines() if "Qt plugins" in line)
    assert line.startswith("warning")
    assert "Traceback" not in done.stderr
