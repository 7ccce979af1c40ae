"""What the app keeps about its user is listed, deleted and looked for; nothing else is touched."""

import shutil
from collections.abc import Iterator
from logging import getLogger
from pathlib import Path

import platformdirs
import pytest

from ferapp.live.app_log import AppLog
from ferapp.personal import stored_data
from ferapp.personal.examples import Examples
from ferapp.personal.stored_data import Places, delete


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A home in which there is some of everything, and some of other programs'."""
    made = Places(
        settings=tmp_path / "config" / "settings.json",
        recordings=(tmp_path / "documents" / "ferapp", tmp_path / "chosen"),
        snapshots=tmp_path / "pictures" / "ferapp",
        pasted=tmp_path / "cache" / "pasted",
        log=tmp_path / "log" / "ferapp.log",
    )
    store = Examples()
    store.consent()
    store.add("happy", [b"1", b"2"])
    data = Path(platformdirs.user_data_dir("ferapp"))
    for file in (
        store.runs / "20261126-101010-personal" / "checkpoints" / "best.safetensors",
        made.settings,
        made.recordings[0] / "2026-11-24-200000" / "session.json",
        made.recordings[0] / "2026-11-24-200000" / "clean.avi",
        made.recordings[0] / "thesis" / "draft.txt",  # not made by the app
        made.recordings[1] / "2026-11-25-200000" / "session.json",
        made.recordings[1] / "notes.txt",
        made.snapshots / "ferapp-2026-11-24-200000-001.png",
        made.snapshots / "ferapp-2026-11-24-200000-001.json",
        made.snapshots / "ferapp-2026-11-24-210000-001.json",  # its picture was removed by hand
        made.snapshots / "holiday.png",
        made.pasted / "of-a-killed-window" / "Pasted picture 1.png",
        tmp_path / "log" / "ferapp.log",
        tmp_path / "log" / "ferapp.log.1",
        data / "reviews" / "mine-0123" / "review.jsonl",
        Path(platformdirs.user_cache_dir("ferapp")) / "datasets" / "mine" / "images.npy",
    ):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"12345")
    return made


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_what_there_is_is_listed_with_its_size(places: Places) -> None:
    found = {each.key: each for each in places.find()}
    assert {key: each.files for key, each in found.items()} == {
        "personal": 4, "settings": 1, "pasted": 1, "log": 2, "recordings": 3, "snapshots": 3,
        "reviews": 1, "datasets": 1,
    }  # fmt: skip
    assert found["recordings"].bytes == 15
    for folder in places.recordings:
        assert str(folder) in found["recordings"].words
    always = [key for key, each in found.items() if each.always]
    assert always == ["personal", "settings", "pasted", "log"]
    assert str(Examples().root) in found["personal"].words


def test_all_of_it_goes_and_nothing_of_others(places: Places, tmp_path: Path) -> None:
    assert delete(places.find()) == ()
    assert files(tmp_path) == {"draft.txt", "holiday.png", "notes.txt"}
    assert not Examples().root.exists()
    assert not Examples().has_consent
    assert all(each.files == 0 for each in places.find())
    assert delete(places.find()) == ()  # again, with nothing there


def test_only_what_was_chosen_goes(places: Places) -> None:
    delete(each for each in places.find() if each.always)
    left = {each.key for each in places.find() if each.files}
    assert left == {"recordings", "snapshots", "reviews", "datasets"}


def test_what_is_still_there_is_told(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_data.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(stored_data, "PATIENCE_S", 0.0)
    (personal,) = [each for each in places.find() if each.key == "personal"]
    assert delete([personal]) == (Examples().root,)


def test_what_is_being_closed_is_tried_again(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows deletes no file that is open; a recording that played is closed a moment later."""
    remove, tries = shutil.rmtree, list[Path]()

    def busy_at_first(path: Path, **options: bool) -> None:
        tries.append(path)
        if len(tries) > 3:
            remove(path, **options)

    monkeypatch.setattr(stored_data.shutil, "rmtree", busy_at_first)
    (recordings,) = [each for each in places.find() if each.key == "recordings"]
    assert delete([recordings]) == ()


def test_a_link_is_removed_and_not_what_it_leads_to(places: Places, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept.txt").touch()
    (Examples().root / "examples" / "link").symlink_to(elsewhere)
    delete(places.find())
    assert (elsewhere / "kept.txt").exists()
    assert not Examples().root.exists()


@pytest.fixture
def log() -> Iterator[AppLog]:
    made = AppLog()
    yield made
    made.close()


def test_a_deleted_log_goes_on(log: AppLog) -> None:
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
