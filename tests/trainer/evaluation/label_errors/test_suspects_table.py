"""`suspects.csv`."""

from pathlib import Path

import pytest

from tests.support.trainer.made_label_report import made_report
from trainer.errors import DataError
from trainer.evaluation.label_errors import read_suspects, write_suspects


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    """With spaces and percent signs in the ids."""
    report, file = made_report(20, 3, 0.1), tmp_path / "suspects.csv"
    write_suspects(file, report)
    assert read_suspects(file) == report.suspects
    header, first = file.read_text().splitlines()[:2]
    assert header == (
        "sample_id,source_index,split,label,suggested,p_label,p_suggested,score,neighbours"
    )
    assert first == (
        "my pictures/000 50%.png,0,train,happy,sad,0.1000,0.8500,0.7500,"
        "my%20pictures/001%2050%25.png my%20pictures/002%2050%25.png"
    )


def test_a_damaged_table_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "suspects.csv"
    write_suspects(file, made_report(20, 3, 0.1))
    lines = file.read_text().splitlines()
    lines[2] = lines[2].replace(",0.1000,", ",much,")
    file.write_text("\n".join(lines))
    with pytest.raises(DataError, match="line 3 is not a suspect"):
        read_suspects(file)
    file.write_text("\n".join(lines[:2])[:-90])
    with pytest.raises(DataError, match="line 2 is not a suspect"):
        read_suspects(file)
    file.write_text("sample_id,label\na,happy\n")
    with pytest.raises(DataError, match="no column source_index"):
        read_suspects(file)
    with pytest.raises(DataError, match="cannot be read"):
        read_suspects(tmp_path / "missing.csv")


def test_a_table_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be written"):
        write_suspects(tmp_path, made_report(20, 3, 0.1))
