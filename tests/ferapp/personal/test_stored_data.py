"""What the app stores about its user is listed and deleted; nothing else is touched."""

import shutil
from collections.abc import Iterator
from logging import getLogger
from pathlib import Path

import platformdirs
import pytest

from ferapp.live.app_log import AppLog
from ferapp.personal import stored_data
from ferapp.personal.examples import ExampleStore
from ferapp.personal.stored_data import DataLocations, delete_stored
from trainer.stored_results import results_folder


@pytest.fixture
def locations(tmp_path: Path) -> DataLocations:
    """Some files of every category, and some of other programs."""
    made = DataLocations(
        settings=tmp_path / "config" / "settings.json",
        recordings=(tmp_path / "documents" / "ferapp", tmp_path / "chosen"),
        snapshots=tmp_path / "pictures" / "ferapp",
        pasted=tmp_path / "cache" / "pasted",
        log=tmp_path / "log" / "ferapp.log",
    )
    store = ExampleStore()
    store.consent()
    store.add("happy", [b"1", b"2"])
    data = Path(platformdirs.user_data_dir("ferapp"))
    for file in (
        store.runs / "20261126-101010-personal" / "checkpoints" / "best.safetensors",
        made.settings,
        made.recordings[0] / "2026-11-24-200000" / "session.json",
        made.recordings[0] / "2026-11-24-200000" / "clean.mkv",
        made.recordings[0] / "thesis" / "draft.txt",  # not made by the app
        made.recordings[1] / "2026-11-25-200000" / "session.json",
        made.recordings[1] / "notes.txt",
        made.snapshots / "ferapp-2026-11-24-200000-001.png",
        made.snapshots / "ferapp-2026-11-24-200000-001.json",
        made.snapshots / "ferapp-2026-11-24-210000-001.json",  # its picture was removed by hand
        made.snapshots / "holiday.png",
        Path(platformdirs.user_cache_dir("ferapp")) / "thumbnails" / "0123.jpg",
        made.pasted / "of-a-killed-window" / "Pasted picture 1.png",
        tmp_path / "log" / "ferapp.log",
        tmp_path / "log" / "ferapp.log.1",
        data / "reviews" / "mine-0123" / "review.jsonl",
        Path(platformdirs.user_cache_dir("ferapp")) / "datasets" / "mine" / "images.npy",
        results_folder("features") / "0123.npz",
        results_folder("projections") / "0123.npy",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"12345")
    return made


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_stored_data_is_listed_with_its_size(locations: DataLocations) -> None:
    found = {each.key: each for each in locations.find()}
    assert {key: each.files for key, each in found.items()} == {
        "personal": 4, "settings": 1, "pasted": 1, "thumbnails": 1, "log": 2, "recordings": 3,
        "snapshots": 3, "reviews": 1, "datasets": 1, "results": 2,
    }  # fmt: skip
    assert found["recordings"].bytes == 15
    for folder in locations.recordings:
        assert str(folder) in found["recordings"].description
    always = [key for key, each in found.items() if each.always]
    assert always == ["personal", "settings", "pasted", "thumbnails", "log"]
    assert str(ExampleStore().root) in found["personal"].description


def test_everything_is_deleted_and_nothing_of_other_programs(
    locations: DataLocations, tmp_path: Path
) -> None:
    assert delete_stored(locations.find()) == ()
    assert files(tmp_path) == {"draft.txt", "holiday.png", "notes.txt"}
    assert not ExampleStore().root.exists()
    assert not ExampleStore().has_consent
    assert all(each.files == 0 for each in locations.find())
    assert delete_stored(locations.find()) == ()  # again, with nothing there


def test_only_the_chosen_categories_are_deleted(locations: DataLocations) -> None:
    delete_stored(each for each in locations.find() if each.always)
    left = {each.key for each in locations.find() if each.files}
    assert left == {"recordings", "snapshots", "reviews", "datasets", "results"}


def test_paths_that_remain_are_returned(
    locations: DataLocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_data.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(stored_data, "RETRY_S", 0.0)
    (personal,) = [each for each in locations.find() if each.key == "personal"]
    assert delete_stored([personal]) == (ExampleStore().root,)


def test_files_that_are_being_closed_are_tried_again(
    locations: DataLocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows cannot delete an open file; a recording that played is closed a moment later."""
    remove, tries = shutil.rmtree, list[Path]()

    def busy_at_first(path: Path, **options: bool) -> None:
        tries.append(path)
        if len(tries) > 3:
            remove(path, **options)

    monkeypatch.setattr(stored_data.shutil, "rmtree", busy_at_first)
    (recordings,) = [each for each in locations.find() if each.key == "recordings"]
    assert delete_stored([recordings]) == ()


def test_a_link_is_removed_but_not_its_target(locations: DataLocations, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.txt").touch()
    (ExampleStore().root / "examples" / "link").symlink_to(elsewhere)
    delete_stored(locations.find())
    assert (elsewhere / "kept.txt").exists()
    assert not ExampleStore().root.exists()


@pytest.fixture
def log() -> Iterator[AppLog]:
    made = AppLog()
    yield made
    made.close()


def test_the_log_is_erased_and_continues(log: AppLog) -> None:
    getLogger("ferapp.test").info("a secret address")
    assert log.file is not None
    old = log.file.with_name("ferapp.log.1")
    old.write_text("an older secret")
    assert "secret" in log.file.read_text()
    log.delete()
    assert not old.exists()
    assert "secret" not in log.text()
    getLogger("ferapp.test").info("what came later")
    assert log.file.read_text().count("\n") == 1
    assert "what came later" in log.text()
