"""What is remembered, and what damage does to it: nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.shell.settings import Settings, SettingsStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "settings.json"


def test_the_first_start_has_the_defaults(file: Path) -> None:
    assert SettingsStore(file).now == Settings()
    assert not file.exists()


def test_what_was_changed_comes_back(file: Path) -> None:
    store = SettingsStore(file)
    look = replace(OverlayStyle(), target="fear", signed=False, opacity=0.35, mirror=True)
    store.change(look=look, theme="light", recent_models=("/a.safetensors",), camera="camera:HD")
    assert not file.exists()
    store.save()
    assert SettingsStore(file).now == store.now
    assert store.now.look == look


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"null", b"[" * 50_000])
def test_a_damaged_file_counts_as_none(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    store = SettingsStore(file)
    assert store.now == Settings()
    store.change(smoothing_ms=100)
    store.save()
    assert SettingsStore(file).now.smoothing_ms == 100


def test_a_damaged_field_costs_only_itself(file: Path) -> None:
    file.parent.mkdir()
    values = {
        "theme": "purple",
        "smoothing_ms": "soon",
        "hud": 1,
        "recent_models": [1, 2],
        "look": {"opacity": float("nan"), "boxes": "no", "signed": False, "unknown": 3},
        "device": "cuda:1",
        "future": {"a": 1},
    }
    file.write_text(json.dumps(values))
    now = SettingsStore(file).now
    assert now == replace(Settings(), device="cuda:1", look=replace(OverlayStyle(), signed=False))


def test_a_file_of_a_newer_version_costs_only_what_is_unknown(file: Path) -> None:
    """Known fields count whatever stands beside them; all of it can be saved again."""
    store = SettingsStore(file)
    store.change(smoothing_ms=150, recent_models=("/a.safetensors",), hints_seen=True)
    store.save()
    values = json.loads(file.read_text())
    newer = values | {"version": 9, "theme": "sepia", "look": values["look"] | {"method": "new"}}
    file.write_text(json.dumps(newer | {"panels": [{"kind": "x"}], "device": "npu:0"}))
    store = SettingsStore(file)
    expected = replace(
        Settings(),
        smoothing_ms=150,
        recent_models=("/a.safetensors",),
        hints_seen=True,
        device="npu:0",  # the loading says that there is none
    )
    assert store.now == expected
    store.change(hud=True)
    store.save()
    assert SettingsStore(file).now == replace(expected, hud=True)


def test_a_folder_that_cannot_be_written_disturbs_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = SettingsStore(tmp_path / "file" / "settings.json")
    store.change(hud=True)
    store.save()
    assert store.now.hud
