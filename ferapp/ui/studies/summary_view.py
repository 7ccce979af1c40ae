"""The summary of a study: a row a source and face, with chosen groups of columns."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ferapp.runs.text_table import TextTable
from ferapp.ui.studies.result_table import ResultTable, TextTableModel
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout

# prefix of a group of columns, its name, its tip; the first is visible at the start
GROUPS = (
    ("share_", "Shares", "The share of the face's frames with each label."),
    ("mean_p_", "Mean probability", "The mean probability of each expression."),
    ("episodes_", "Episodes", "How often each label lasts a quarter of a second or longer."),
    ("seconds_", "Seconds", "How many seconds the face has each label."),
    ("peak_time_", "Peaks", "When each expression is most probable, in seconds."),
    ("mean_au", "Action units", "The mean of each action unit."),
)
ALWAYS = "seconds_seen"  # begins like a group, and is none of it


class SummaryView(QWidget):
    """`show_message` replaces the table until there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.message = QLabel()
        self.message.setProperty("quiet", True)
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.entries = TextTableModel(self)
        self.table = ResultTable("Summary", self.entries)
        self.groups = {prefix: Chip(name, tip) for prefix, name, tip in GROUPS}
        self._chips = QWidget()
        flow = FlowLayout(self._chips)
        flow.setContentsMargins(0, 0, 0, 0)
        for prefix, chip in self.groups.items():
            chip.setChecked(prefix == GROUPS[0][0])
            chip.toggled.connect(lambda _: self._show_groups())
            flow.addWidget(chip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self._chips)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.message, 1)
        self.show_message("")

    def show_message(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(True)
        for widget in (self.table, self._chips):
            widget.hide()

    def show_table(self, table: TextTable) -> None:
        is_new = table.columns != self.entries.table.columns
        self.entries.show_table(table)
        self.message.hide()
        self.table.show()
        self._chips.show()
        if is_new:
            for prefix, chip in self.groups.items():
                chip.setVisible(any(group_of(name) == prefix for name in table.columns))
            self._show_groups()

    def _show_groups(self) -> None:
        for column, name in enumerate(self.entries.table.columns):
            prefix = group_of(name)
            self.table.setColumnHidden(column, bool(prefix) and not self.groups[prefix].isChecked())
        self.table.fit_columns()


def group_of(column: str) -> str:
    """The prefix of the group that a column belongs to; "" where it is always visible."""
    if column == ALWAYS:
        return ""
    return next((prefix for prefix, _, _ in GROUPS if column.startswith(prefix)), "")


def summary_file(out: Path) -> Path:
    return out / "summary.csv"
