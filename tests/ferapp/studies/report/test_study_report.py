"""The report of a study as a browser gets it: one page, with everything in it."""

import re
from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.studies.report.study_report import write_report
from ferapp.studies.study_record import read_study
from tests.support.app.study_parts import face_row, frames_at, write_study
from trainer.errors import UsageError

VOID = {"meta", "img", "br", "path"}
GREEN, RED = (0, 200, 0), (0, 0, 200)  # BGR


class Page(HTMLParser):
    """Its tags, all of which must be closed, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, name: str = "") -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag and (not name or a.get("class") == name)]


def page_of(out: Path) -> Page:
    return Page(write_report(out).read_text(encoding="utf-8"))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """20 frames: green, and red from the tenth on."""
    file = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for number in range(20):
        writer.write(np.full((240, 320, 3), GREEN if number < 10 else RED, np.uint8))
    writer.release()
    return file


@pytest.fixture
def study(tmp_path: Path, video: Path) -> Path:
    """A clip whose peak of "happy" is green and whose peak of "sad" is red; one that is gone."""
    rows = [
        face_row(n, n / 10, 0, "happy" if n < 10 else "sad", 0.9 if n in (5, 15) else 0.6)
        for n in range(20)
    ]
    for row in rows[12:]:
        row["doubts"] = "dark"
    out = tmp_path / "study"
    manifest = {
        "clip": {"participant": "p1", "condition": "calm"},
        "gone & <b>": {"participant": "p2", "condition": "film"},
    }
    record = write_study(
        out,
        {"clip": rows, "gone & <b>": rows, "empty": frames_at(10, [None] * 4)},
        manifest,
        failed={"broken": "this video cannot be opened"},
    )
    first, *others = record.sources
    record.model_copy(
        update={"sources": (first.model_copy(update={"source": str(video)}), *others)}
    ).write(out)
    return out


def test_the_page_needs_nothing_else(study: Path) -> None:
    html = write_report(study).read_text(encoding="utf-8")
    page = Page(html)
    places = [a.get(key) or "" for _, a in page.tags for key in ("src", "href")]
    assert {place.split(":")[0][:1] for place in places if place} <= {"d", "#"}
    assert not re.search(r"url\(|@import|https?://", html)


def test_counts_failures_and_sources_without_a_face(study: Path) -> None:
    text = page_of(study).text
    assert "sources analysed 3" in text
    assert "frames 44" in text
    assert "faces 2" in text
    assert "of the faces' frames in doubt 40 %" in text
    assert "sources failed 1" in text
    assert "broken this video cannot be opened" in text
    assert "No face was found here." in text
    assert "gone & <b>" in text  # a name is text


def test_says_what_a_frame_of_resampled_tables_is(study: Path) -> None:
    sentence = "The tables are resampled: their frames are 12.5 moments a second."
    assert sentence not in page_of(study).text
    record = read_study(study)
    settings = record.settings.model_copy(update={"rate_hz": 12.5})
    record.model_copy(update={"settings": settings}).write(study)
    assert sentence in page_of(study).text


def test_pictures_are_those_of_the_peaks(study: Path) -> None:
    page = page_of(study)
    images = page.all("img")
    colours = []
    for image in images:
        data = b64decode((image["src"] or "").removeprefix("data:image/jpeg;base64,"))
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        colours.append(decoded[20:60, 20:60].reshape(-1, 3).mean(axis=0))
    assert [image["alt"] for image in images] == [
        "The face at the peak of happy",
        "The face at the peak of sad",
    ]
    assert colours[0] == pytest.approx(GREEN, abs=20)
    assert colours[1] == pytest.approx(RED, abs=20)
    assert "happy 0.90 0:00.5" in page.text
    assert "sad 0.90 0:01.5" in page.text


def test_a_source_that_is_gone_has_no_pictures_and_says_so(study: Path) -> None:
    assert "No pictures of the peaks. /videos/gone & <b>.mp4: there is no such file" in (
        page_of(study).text
    )


def test_the_ribbon_shows_labels_and_doubts_where_they_are(study: Path) -> None:
    page = page_of(study)
    ribbon = [a["d"] for a in page.all("path", "f3")]  # happy, the first half
    assert ribbon[0] == "M0.0 0h500.0v100h-500.0z"
    hatched = [a["style"] for a in page.all("i") if "style" in a]
    assert hatched[0] == "left:60.0%;width:40.0%"


def test_means_by_condition_are_a_table_to_copy(study: Path) -> None:
    page = page_of(study)
    assert "By condition" in page.text
    assert "Each participant counts once" in page.text
    (button,) = page.all("button", "copy")
    (table,) = page.all("table", "means")
    assert button["data-table"] == table["id"]
    # 10 of 20 frames at 0.6 and one of them at 0.9; the others share the rest of six
    mean = (9 * 0.6 + 0.9 + 9 * 0.0667 + 0.0167) / 20
    assert f"happy calm 1 {mean:.3f}" in page.text
    assert read_study(study).sources[0].manifest["condition"] == "calm"


def test_several_sources_have_a_list_of_contents(tmp_path: Path) -> None:
    rows = frames_at(10, ["happy"] * 4)
    write_study(tmp_path, {f"clip{n}": rows for n in range(8)})
    page = page_of(tmp_path)
    links = [a["href"] for a in page.all("a")]
    cards = [f"#{a['id']}" for a in page.all("section", "card")]
    assert links == cards
    assert len(cards) == 8


def test_a_folder_of_pictures_has_totals_and_no_time(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), np.full((240, 640, 3), GREEN, np.uint8))
    rows = [face_row(0, 0.0, 0, "happy", file="a.png"), face_row(1, 1.0, 1, "sad", file="b.png")]
    record = write_study(tmp_path / "study", {"pictures": rows})
    (source,) = record.sources
    record.model_copy(
        update={"sources": (source.model_copy(update={"source": str(folder)}),)}
    ).write(tmp_path / "study")
    page = page_of(tmp_path / "study")
    assert page.all("svg") == []
    assert [a["alt"] for a in page.all("img")] == ["The face at the peak of happy"]
    assert "2 pictures" in page.text
    assert "Frames that cannot be read any more have no picture." in page.text


def test_nothing_analysed_is_a_report_too(tmp_path: Path) -> None:
    write_study(tmp_path, {}, failed={"broken": "this video cannot be opened"})
    text = page_of(tmp_path).text
    assert "sources analysed 0" in text
    assert "Sources that failed" in text


def test_a_way_of_hiding_faces_that_there_is_not_is_refused(study: Path) -> None:
    with pytest.raises(UsageError, match="anonymise"):
        write_report(study, "paint")
    assert not (study / "report.html").exists()
