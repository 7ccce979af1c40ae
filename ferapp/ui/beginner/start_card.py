"""The invitation to a first training, above the form."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from ferapp.ui.beginner import beginner_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.file_dialogs import open_file, open_folder
from ferapp.ui.widgets.flow_layout import FlowLayout


class FolderButtons(QWidget):
    """`chosen` has the path of a folder or zip; `example_requested` asks for the bundled one."""

    chosen = Signal(str)
    example_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.folder = push_button("Choose folder…", "Choose a folder that holds class folders.")
        self.zip = push_button("Choose zip…", "Choose a zip file with class folders in it.")
        self.example = push_button("Try the example", beginner_text.EXAMPLE_TIP)
        row = FlowLayout(self, gap=8)
        for button in (self.folder, self.zip, self.example):
            row.addWidget(button)
        self.folder.clicked.connect(self._choose_folder)
        self.zip.clicked.connect(self._choose_zip)
        self.example.clicked.connect(self.example_requested)

    def _choose_folder(self) -> None:
        path = open_folder(self, "data", "Folder of class folders", Path.home())
        if path:
            self.chosen.emit(path)

    def _choose_zip(self) -> None:
        title, filters = "Zip with class folders", "Zip files (*.zip)"
        path = open_file(self, "data", title, filters, Path.home())
        if path:
            self.chosen.emit(path)


class StartCard(QFrame):
    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.buttons = FolderButtons()
        title = QLabel("Drop a folder of pictures")
        title.setFont(theme.sized(self.font(), 1.2, QFont.Weight.DemiBold))
        text = QLabel(beginner_text.INVITATION)
        text.setWordWrap(True)
        text.setProperty("quiet", True)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        column.setSpacing(8)
        for widget in (title, text, self.buttons):
            column.addWidget(widget)
