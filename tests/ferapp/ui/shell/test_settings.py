"""Settings survive restarts, updates and damage."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.shell.settings import Settings, SettingsStore


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "settings.json"


def test_the_first_start_has_the_defaults(file: Path) -> None:
    assert SettingsStore(file).now == Settings()
    assert not file.exists()


def test_changes_come_back(file: Path) -> None:
    store = SettingsStore(file)
    look = replace(OverlayStyle(), target="fear", signed=False, opacity=0.35, mirror=True)
    store.change(look=look, theme="light", recent_models=("/a.safetensors",), camera="camera:HD")
    assert not file.exists()
    store.save()
    assert SettingsStore(file).now == store.now
    assert store.now.look == look


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe\x00", b"null", b"[" * 50_000])
def test_a_damaged_file_counts_as_missing(file: Path, content: bytes) -> None:
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
    assert now == Settings(device="cuda:1", look=replace(OverlayStyle(), signed=False))


def test_a_file_of_a_newer_version_loses_only_what_is_unknown(file: Path) -> None:
    """Known fields count whatever else the file has, and can be saved again."""
    store = SettingsStore(file)
    store.change(smoothing_ms=150, recent_models=("/a.safetensors",), hints_seen=True)
    store.save()
    values = json.loads(file.read_text())
    newer = values | {"version": 9, "theme": "sepia", "look": values["look"] | {"method": "new"}}
    file.write_text(json.dumps(newer | {"panels": [{"kind": "x"}], "device": "npu:0"}))
    store = SettingsStore(file)
    expected = Settings(
        smoothing_ms=150,
        recent_models=("/a.safetensors",),
        hints_seen=True,
        device="npu:0",  # the loading says that there is none
    )
    assert store.now == expected
    store.change(hud=True)
    store.save()
    assert SettingsStore(file).now == expected.model_copy(update={"hud": True})


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = SettingsStore(tmp_path / "file" / "settings.json")
    store.change(hud=True)
    store.save()
    assert store.now.hud


def test_the_file_is_what_earlier_versions_wrote(file: Path) -> None:
    """Same names, same values: settings survive an update in both directions."""
    store = SettingsStore(file)
    store.change(
        look=replace(OverlayStyle(), opacity=0.5), recent_models=("/a.safetensors",), faces=2
    )
    store.save()
    values = json.loads(file.read_text())
    assert list(values) == [
        *("theme", "look", "held_scale", "smoothing_ms", "faces", "hud", "signals"),
        *(
            "signal_group",
            "timeline",
            "timeline_height",
            "timeline_lanes",
            "model",
            "device",
            "camera",
            "camera_mode",
            "anonymise",
            "recordings",
        ),
        *("record_clean", "record_overlaid", "recent_sources", "recent_models"),
        *("recent_data", "recent_studies", "hints_seen"),
        "geometry",
        "prior",
        *("stage_language", "text_size", "notify_ends"),
        *("folders", "osc_address", "coder", "codes"),
    ]
    assert values["look"]["opacity"] == 0.5
    assert values["recent_models"] == ["/a.safetensors"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("faces", 0),
        ("faces", 9),
        ("faces", True),
        ("smoothing_ms", -1),
        ("prior", "half"),
        ("smoothing_ms", 2.5),
        ("signal_group", "Ears"),
        ("record_clean", "false"),
        ("look", [1]),
        ("look", {"opacity": 10**400, "full_scale": -1}),
        ("recent_models", "a.safetensors"),
        ("camera", None),
    ],
)
def test_a_value_out_of_range_or_of_another_type_is_the_default(
    file: Path, name: str, value: object
) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({name: value, "hud": True}))
    assert SettingsStore(file).now == Settings(hud=True)


def test_a_path_that_is_not_text_is_remembered(file: Path) -> None:
    model = b"/m/caf\xe9.safetensors".decode(errors="surrogateescape")
    store = SettingsStore(file)
    store.change(recent_models=(model,))
    store.save()
    assert SettingsStore(file).now.recent_models == (model,)


def test_an_unknown_setting_is_a_mistake_of_the_caller(file: Path) -> None:
    with pytest.raises(ValidationError, match="colour"):
        SettingsStore(file).change(colour="red")
