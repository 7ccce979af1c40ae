"""Which sources a study has, and what each is called. Nothing is analysed: files are empty."""

from pathlib import Path

import pytest

from ferapp.studies.plan import bids_entities, plan_study, videos_below
from trainer.errors import UsageError
from trainer.files import asset


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return folder


def names_of(*sources: Path | str, out: Path = Path("nowhere")) -> list[str]:
    return [source.name for source in plan_study([str(s) for s in sources], out).sources]


class TestNames:
    def test_subfolders_are_kept_and_numbers_count(self, tmp_path: Path) -> None:
        touch(tmp_path, "siteA/clip10.mp4", "siteA/clip2.MOV", "siteB/deep/clip.mkv")
        plan = plan_study([str(tmp_path)], tmp_path / "out")
        assert [source.table for source in plan.sources] == [
            *("siteA/clip2.csv", "siteA/clip10.csv", "siteB/deep/clip.csv")
        ]
        assert plan.sources[0].source == str(tmp_path / "siteA" / "clip2.MOV")

    def test_the_suffix_stays_where_stems_collide(self, tmp_path: Path) -> None:
        touch(tmp_path, "clip.mp4", "Clip.avi", "other.mp4", "a.mp4", "a.mov", "a.mp4.mkv")
        assert set(names_of(tmp_path)) == {
            *("clip.mp4", "Clip.avi", "other", "a.mp4", "a.mov", "a.mp4.mkv")
        }

    def test_the_tables_of_the_study_itself_are_nobody_elses(self, tmp_path: Path) -> None:
        touch(tmp_path, "summary.mp4", "site/summary.mp4")
        assert names_of(tmp_path) == ["site/summary", "summary.mp4"]
        (tmp_path / "summary").mkdir()
        touch(tmp_path / "summary", "1.png")
        with pytest.raises(UsageError, match=r"its table cannot be named summary\.csv"):
            names_of(tmp_path)

    def test_several_folders_are_told_apart_by_their_names(self, tmp_path: Path) -> None:
        touch(tmp_path, "a/clip.mp4", "b/clip.mp4")
        assert names_of(tmp_path / "a", tmp_path / "b") == ["a/clip", "b/clip"]
        assert names_of(tmp_path / "a" / "clip.mp4", tmp_path / "b") == ["a/clip", "b/clip"]
        assert names_of(tmp_path / "a" / "clip.mp4") == ["clip"]

    def test_what_is_named_twice_is_one_source(self, tmp_path: Path) -> None:
        touch(tmp_path, "a/clip.mp4")
        assert names_of(tmp_path / "a", tmp_path / "a" / "clip.mp4") == ["a/clip"]


class TestSources:
    def test_a_folder_of_pictures_is_one(self, tmp_path: Path) -> None:
        touch(tmp_path, "faces/1.png", "faces/2.jpg", "faces/more/3.png", "clip.mp4")
        assert names_of(tmp_path) == ["clip", "faces", "faces/more"]
        assert names_of(tmp_path / "faces") == ["faces", "more"]

    def test_pictures_beside_videos_are_left_out_and_told(self, tmp_path: Path) -> None:
        touch(tmp_path, "clip.mp4", "thumbnail.jpg")
        plan = plan_study([str(tmp_path)], tmp_path / "out")
        assert [source.name for source in plan.sources] == ["clip"]
        assert plan.notes == (f"{tmp_path}: left out 1 picture beside videos: thumbnail.jpg",)

    def test_hidden_files_notes_and_the_folder_of_the_tables_are_none(self, tmp_path: Path) -> None:
        touch(tmp_path, "clip.mp4", ".clip.mp4", ".hidden/x.mp4", "clip.csv", "clip.csv.json")
        touch(tmp_path / "tables", "annotated.mp4")
        assert names_of(tmp_path, out=tmp_path / "tables") == ["clip"]

    def test_a_recording_is_one(self, tmp_path: Path) -> None:
        touch(tmp_path, "session/session.json", "session/clean.mkv", "session/overlaid.mkv")
        assert names_of(tmp_path) == ["session"]

    def test_links_in_a_circle_end(self, tmp_path: Path) -> None:
        touch(tmp_path, "a/clip.mp4")
        (tmp_path / "a" / "back").symlink_to(tmp_path)
        assert names_of(tmp_path) == ["a/clip"]

    def test_the_demo_clip_is_one(self) -> None:
        (source,) = plan_study(["demo"], Path("nowhere")).sources
        assert (source.name, source.source) == ("demo", str(asset("demo/demo.mp4")))

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("camera:0", "a study is made of files"),
            ("http://localhost/x.mp4", "a study is made of files"),
            ("gone.mp4", "there is no such file or folder"),
        ],
    )
    def test_what_cannot_be_one_is_named(self, source: str, message: str) -> None:
        with pytest.raises(UsageError, match=message):
            names_of(source)

    def test_an_empty_folder_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no video and no picture here"):
            names_of(touch(tmp_path, "notes.txt"))

    def test_a_folder_of_videos_is_counted(self, tmp_path: Path) -> None:
        touch(tmp_path, "videos/1.mp4", "videos/b/2.mp4", "faces/1.png", "none/x.txt")
        assert videos_below(str(tmp_path / "videos")) == 2
        assert videos_below(str(tmp_path / "faces")) == videos_below(str(tmp_path / "none")) == 0
        assert videos_below("demo") == videos_below("camera:0") == 0


class TestBids:
    @pytest.mark.parametrize(
        ("name", "entities"),
        [
            ("sub-01_ses-1_task-x_video", {"sub": "01", "ses": "1", "task": "x"}),
            ("sub-01/sub-01_run-2_beh", {"sub": "01", "run": "2"}),
            ("sub-a.mp4", {"sub": "a"}),
            ("take-2_sunny", {}),
            ("clip", {}),
        ],
    )
    def test_names(self, name: str, entities: dict[str, str]) -> None:
        assert bids_entities(name) == entities

    def test_entities_are_columns_where_no_manifest_is_given(self, tmp_path: Path) -> None:
        touch(tmp_path, "sub-01/ses-1/sub-01_ses-1_task-x_video.mp4", "sub-02/sub-02_video.mp4")
        manifests = [s.manifest for s in plan_study([str(tmp_path)], tmp_path / "out").sources]
        assert manifests == [
            {"sub": "01", "ses": "1", "task": "x"},
            {"sub": "02", "ses": "", "task": ""},
        ]
