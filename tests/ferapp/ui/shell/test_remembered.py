"""The app opens with what was used last, as long as it exists."""

import shutil
from pathlib import Path

import pytest

from ferapp import app
from ferapp.app import remembered_camera, remembered_model
from ferapp.cli import command_line
from ferapp.live.engine import Engine
from ferapp.ui.shell.settings import Settings, SettingsStore
from trainer.files import asset


def test_a_camera_is_remembered_with_its_resolution() -> None:
    assert remembered_camera(Settings()) is None  # any camera
    assert remembered_camera(Settings(camera_mode="1280x720@30")) is None
    assert remembered_camera(Settings(camera="camera:HD")) == "camera:HD"
    settings = Settings(camera="camera:HD", camera_mode="1280x720@30")
    assert remembered_camera(settings) == "camera:HD@1280x720@30"


def test_a_model_is_remembered_as_long_as_it_loads(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    shutil.copy(asset("models/default.safetensors"), file)
    assert remembered_model(Settings(model=str(file))) == str(file)
    file.write_bytes(file.read_bytes()[:100])
    assert remembered_model(Settings(model=str(file))) == "default"
    file.unlink()
    assert remembered_model(Settings(model=str(file))) == "default"
    assert remembered_model(Settings(model="no such name")) == "default"
    assert remembered_model(Settings()) == "default"


def test_recent_models_are_listed(tmp_path: Path) -> None:
    file = tmp_path / "mine.safetensors"
    shutil.copy(asset("models/default.safetensors"), file)
    engine = Engine("demo", "default", opened=(str(file), str(tmp_path / "gone.safetensors")))
    models = {model.name: model for model in engine._catalogue.list_models()}
    assert models["mine"].spec == str(file)
    assert models["mine"].group == "file"
    assert "gone" not in models


def test_a_recent_model_of_a_run_has_the_name_of_the_run(tmp_path: Path) -> None:
    file = tmp_path / "20261126-101010-personal" / "checkpoints" / "best.safetensors"
    file.parent.mkdir(parents=True)
    shutil.copy(asset("models/default.safetensors"), file)
    engine = Engine("demo", "default", opened=(str(file),))
    names = [model.name for model in engine._catalogue.list_models() if model.group == "file"]
    assert names == ["20261126-101010-personal"]


@pytest.mark.parametrize(
    ("arguments", "opened"),
    [
        ((), ("camera:HD@640x480@30", "default", "cpu")),
        (("--source", "demo", "--device", "auto"), ("demo", "default", "auto")),
        (("--model", "compact"), ("camera:HD@640x480@30", "compact", "cpu")),
    ],
)
def test_the_command_line_comes_before_the_settings(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], opened: tuple[str, str, str]
) -> None:
    store = SettingsStore()
    store.change(camera="camera:HD", camera_mode="640x480@30", device="cpu", model="gone")
    store.change(recent_models=("/m/a.safetensors",))
    store.save()
    requested: list[tuple[str, str, str]] = []

    class Stop(Exception):
        pass

    def engine(*parts: str, opened: tuple[str, ...]) -> None:
        assert opened == ("/m/a.safetensors",)
        requested.append(parts)  # type: ignore[arg-type]
        raise Stop

    monkeypatch.setattr(app, "Engine", engine)
    with pytest.raises(Stop):
        command_line.app(list(arguments), standalone_mode=False)
    assert requested == [opened]
    assert SettingsStore().now == store.now  # and nothing of it is remembered
