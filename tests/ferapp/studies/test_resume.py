"""`ferapp analyze --resume`: what a table keeps, and which tables cannot be continued."""

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferapp.sources.base import Frame, FrameSource
from ferapp.studies import single_source
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_note import OutputNote
from ferapp.studies.single_source import analyze_source
from ferapp.vision.tracking import Tracks
from tests.support.app.analyze_parts import CLIP_FRAMES, rows_of, shorten
from trainer.errors import UsageError


class TestResume:
    @pytest.mark.parametrize("more", [b"", b"20,0.8", b"20,0.833,0,3\xff", b"\x00\x00\x00"])
    def test_the_table_is_continued(
        self,
        clip: Path,
        whole: Path,
        table: Path,
        more: bytes,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Its rows stay to the byte; the last frame, which may lack a face, is redone."""
        before = shorten(table, 20, more)
        summary = analyze_source(str(clip), table, resume=True)
        assert "Resuming at frame 19. Earlier frames are read again." in capsys.readouterr().err
        assert (summary.frames, summary.analysed) == (CLIP_FRAMES, CLIP_FRAMES - 19)
        assert summary.frames_with_face == CLIP_FRAMES - 1
        assert sum(summary.labels.values()) == CLIP_FRAMES - 1
        assert table.read_bytes().startswith(before)
        got, expected = rows_of(table), rows_of(whole)
        for name in ("frame", "time_s", "face_id", "label"):
            assert [row[name] for row in got] == [row[name] for row in expected]
        for row, other in zip(got[1:3] + got[4:], expected[1:3] + expected[4:], strict=True):
            assert float(row["box_x"]) == pytest.approx(float(other["box_x"]), abs=2)
            assert float(row["p_sad"]) == pytest.approx(float(other["p_sad"]), abs=0.1)

    def test_face_ids_continue_and_are_not_reused(self, clip: Path, table: Path) -> None:
        rows = rows_of(table)[:12]
        with table.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            for row in rows:
                writer.writerow({**row, "face_id": row["face_id"] and "5"})
                if row["frame"] == "1":  # another face, seen once, elsewhere
                    writer.writerow({**row, "face_id": "7", "box_x": "5", "box_w": "20"})
        analyze_source(str(clip), table, resume=True)
        ids = {row["face_id"] for row in rows_of(table) if int(row["frame"]) > 3}
        assert ids == {"5"}
        tracks = Tracks()
        tracks.recall([(5, (0, 0, 50, 50), 0.0), (7, (300, 0, 50, 50), 0.1)])
        boxes = [(302.0, 0.0, 50.0, 50.0), (600.0, 0.0, 50.0, 50.0)]
        assert tracks.assign(boxes, 0.2) == [7, 8]

    @pytest.mark.parametrize("start", [None, b"", b"frame,time_s,fa"])
    def test_an_empty_table_starts_at_the_first_frame(
        self, clip: Path, whole: Path, table: Path, start: bytes | None
    ) -> None:
        if start is None:
            table.unlink()
        else:
            table.write_bytes(start)
        summary = analyze_source(str(clip), table, AnalysisSettings(max_frames=2), resume=True)
        assert summary.analysed == 2
        assert table.read_bytes() == b"".join(whole.read_bytes().splitlines(keepends=True)[:3])

    def test_a_complete_table_stays_complete(self, clip: Path, table: Path, whole: Path) -> None:
        summary = analyze_source(str(clip), table, resume=True)
        assert (summary.frames, summary.analysed) == (CLIP_FRAMES, 1)
        assert len(rows_of(table)) == CLIP_FRAMES

    def test_a_folder_with_the_table_in_it(self, tmp_path: Path, demo_frame: np.ndarray) -> None:
        for index in range(4):
            cv2.imwrite(str(tmp_path / f"{index}, a.png"), demo_frame[index:])
        table = tmp_path / "faces.csv"
        analyze_source(str(tmp_path), table)
        whole = table.read_bytes()
        shorten(table, 2)
        analyze_source(str(tmp_path), table, resume=True)
        assert table.read_bytes() == whole
        assert rows_of(table)[3]["file"] == "3, a.png"
        (tmp_path / "0, b.png").write_bytes((tmp_path / "0, a.png").read_bytes())
        with pytest.raises(UsageError, match="before its files changed"):
            analyze_source(str(tmp_path), table, resume=True)
        assert table.read_bytes() == whole


class TestRefused:
    """The error says why, and the table stays as it is."""

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"model": "twin-ce"}, "another model: default"),
            ({"every": 2}, "another --every: 1"),
            ({"prior": "balanced"}, "another --prior: trained"),
            ({"faces": 1}, "another --faces: 4"),
            ({"small_faces": "off"}, "another --small-faces: auto"),
            ({"rotate": 90}, "another --rotate: 0"),
        ],
    )
    def test_other_options(
        self, clip: Path, table: Path, options: dict[str, Any], message: str
    ) -> None:
        content = table.read_bytes()
        with pytest.raises(UsageError, match=message) as error:
            analyze_source(str(clip), table, AnalysisSettings(**options), resume=True)
        assert "--overwrite" in str(error.value)
        assert table.read_bytes() == content

    def test_another_source(self, table: Path) -> None:
        with pytest.raises(UsageError, match=r"another source: clip\.avi"):
            analyze_source("demo", table, resume=True)

    @pytest.mark.parametrize("note", [None, "", "[]", json.dumps({"source": "clip.avi"})])
    def test_a_missing_or_damaged_note(self, clip: Path, table: Path, note: str | None) -> None:
        OutputNote(table).path.unlink() if note is None else OutputNote(table).path.write_text(note)
        with pytest.raises(UsageError, match=r"faces\.csv\.json beside it"):
            analyze_source(str(clip), table, resume=True)

    def test_other_columns(self, clip: Path, table: Path) -> None:
        table.write_bytes(table.read_bytes().replace(b"au45", b"au46"))
        with pytest.raises(UsageError, match="other columns"):
            analyze_source(str(clip), table, resume=True)

    def test_a_source_that_cannot_be_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(UsageError, match="only a CSV"):
            analyze_source("demo", None, resume=True)
        video = tmp_path / "x.mp4"
        with pytest.raises(UsageError, match="only a CSV"):
            analyze_source("demo", tmp_path / "x.csv", video_file=video, resume=True)

        class Live(FrameSource):
            name, kind = "Live", "stream"

            def read(self) -> Frame | None:
                return None

            def close(self) -> None: ...

        monkeypatch.setattr(single_source, "open_source", lambda *_: Live())
        with pytest.raises(UsageError, match="Live cannot be read again"):
            analyze_source("live", tmp_path / "x.csv", resume=True)
