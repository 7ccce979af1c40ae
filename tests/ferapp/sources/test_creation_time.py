"""The time that a video states, as cameras and phones write it."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import av
import numpy as np
import pytest

from ferapp.sources.creation_time import creation_time


def video(file: Path, **metadata: str) -> Path:
    with av.open(str(file), "w", options={"movflags": "use_metadata_tags"}) as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.metadata.update({name.replace("_QT_", "."): v for name, v in metadata.items()})
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def test_the_containers_time(tmp_path: Path) -> None:
    file = video(tmp_path / "clip.mp4", creation_time="2026-11-30T13:05:09.250000Z")
    stated = creation_time(file)
    assert stated is not None
    assert abs(stated - datetime(2026, 11, 30, 13, 5, 9, tzinfo=UTC)) < timedelta(seconds=1)


def test_a_phones_own_field_has_the_offset_and_comes_first(tmp_path: Path) -> None:
    file = video(
        tmp_path / "clip.mov",
        creation_time="2026-11-30T13:05:20.000000Z",
        com_QT_apple_QT_quicktime_QT_creationdate="2026-11-30T14:05:09+0100",
    )
    local = datetime(2026, 11, 30, 14, 5, 9, tzinfo=timezone(timedelta(hours=1)))
    stated = creation_time(file)
    assert stated == local
    assert stated.utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize("stated", ["", "yesterday", "1904-01-01T00:00:00Z"])
def test_none_where_it_is_unknown(tmp_path: Path, stated: str) -> None:
    assert creation_time(video(tmp_path / "clip.mkv", creation_time=stated)) is None


def test_none_of_what_is_no_video(tmp_path: Path) -> None:
    assert creation_time(tmp_path) is None
    (tmp_path / "clip.mp4").write_text("no video")
    assert creation_time(tmp_path / "clip.mp4") is None
