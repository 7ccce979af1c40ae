"""Tables as text: which columns are numbers, and how they are sorted."""

from pathlib import Path

import pytest

from ferapp.runs.text_table import (
    TextTable,
    as_csv,
    as_latex,
    as_markdown,
    as_text,
    read_text_table,
)
from trainer.errors import UsageError

TABLE = TextTable.of(
    ("source", "frames", "note"),
    [("b", "10", "x"), ("a", "9", ""), ("C", "", "7"), ("d", "100.5")],
)


def test_a_column_is_numeric_where_all_its_cells_are() -> None:
    assert TABLE.numeric == (False, True, False)
    assert TABLE.rows[3] == ("d", "100.5", "")
    assert TextTable.of(("empty",), [("",)]).numeric == (False,)


@pytest.mark.parametrize(
    ("column", "descending", "names"),
    [(1, False, "abdC"), (1, True, "dbaC"), (0, False, "abCd"), (2, False, "Cbad")],
)
def test_numbers_are_sorted_by_value_and_empty_cells_are_last(
    column: int, descending: bool, names: str
) -> None:
    order = TABLE.sorted_rows(column, descending=descending)
    assert "".join(TABLE.rows[row][0] for row in order) == names


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(as_text([TABLE.columns, *TABLE.rows], ","), encoding="utf-8")
    assert read_text_table(file) == TABLE


def test_a_table_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_text_table(tmp_path / "missing.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    assert read_text_table(tmp_path / "empty.csv") == TextTable()


ROWS = [["run_1", "acc %"], ["a|b", "1,055.0"], ["c\\d & e", "–"], ["x\ny ±", "2"]]


def test_csv_has_numbers_as_programs_read_them() -> None:
    assert as_csv(ROWS).splitlines()[:3] == ["run_1,acc %", "a|b,1055.0", "c\\d & e,"]


def test_markdown_escapes_pipes_and_aligns_numbers() -> None:
    assert as_markdown(ROWS).splitlines() == [
        "| run_1 | acc % |",
        "| --- | ---: |",
        "| a\\|b | 1,055.0 |",
        "| c\\\\d & e | – |",
        "| x y ± | 2 |",
    ]


def test_latex_escapes_what_it_would_obey() -> None:
    assert as_latex(ROWS).splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"run\_1 & acc \% \\",
        r"\midrule",
        r"a|b & 1,055.0 \\",
        r"c\textbackslash{}d \& e & -- \\",
        r"x y $\pm$ & 2 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
