"""Tags of samples and their file."""

from pathlib import Path

import pytest

from ferapp.review.sample_tags import SampleTags
from trainer.errors import DataError


def test_a_tag_is_put_on_all_and_taken_off_when_all_have_it(tmp_path: Path) -> None:
    file = tmp_path / "tags.json"
    tags = SampleTags(file)
    assert tags.toggle("blurred", ["a"])
    assert tags.toggle("blurred", ["a", "b"])
    assert SampleTags(file).samples == {"blurred": {"a", "b"}}
    assert not tags.toggle("blurred", ["a", "b"])
    assert SampleTags(file).samples == {}


def test_damaged_tags_are_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "tags.json"
    file.write_text("[1")
    with pytest.raises(DataError, match="cannot be read"):
        SampleTags(file)
    assert file.read_text() == "[1"
