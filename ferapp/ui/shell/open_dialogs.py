"""The dialogs that ask what to open: files, folders, addresses and models."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QWidget

from ferapp.sources.file_kind import TABLE_SUFFIX, VIDEO_FILE_SUFFIXES
from ferapp.ui.text.source_text import MODELS_FILTER
from ferapp.ui.widgets.dialogs import AddressDialog
from ferapp.ui.widgets.file_dialogs import open_file, open_folder
from trainer.errors import FerError
from trainer.files import PICTURE_SUFFIXES

_SUFFIXES = " ".join(f"*{suffix}" for suffix in sorted(VIDEO_FILE_SUFFIXES | PICTURE_SUFFIXES))
_PICTURES = f"Videos, pictures and tables ({_SUFFIXES} *{TABLE_SUFFIX})"


class OpenDialogs:
    """Opens what was chosen by `open_source` and `load_model`; nothing when cancelled.

    `report` shows a message.
    """

    def __init__(
        self,
        window: QWidget,
        actions: dict[str, QAction],
        open_source: Callable[[str], None],
        load_model: Callable[[str], None],
        report: Callable[[str], None],
    ) -> None:
        self._window, self._report = window, report
        self._open_source, self._load_model = open_source, load_model
        actions["open_file"].triggered.connect(self._choose_file)
        actions["open_folder"].triggered.connect(self._choose_folder)
        actions["open_url"].triggered.connect(self._enter_address)
        actions["open_model"].triggered.connect(self._choose_model)

    def _choose_file(self) -> None:
        title = "Open a video, a picture or a table"
        path = open_file(self._window, "source", title, f"{_PICTURES};;All files (*)")
        if path:
            self._open_source(path)

    def _choose_folder(self) -> None:
        path = open_folder(self._window, "source", "Open a folder of pictures")
        if path:
            self._open_source(path)

    def locate_pictures(self, table: str) -> None:
        """Choose the missing video or folder of a table, and play the table with it."""
        from ferapp.recording.table_pictures import is_of_folder, locate_pictures

        title = "Locate the pictures of this table"
        folder = str(Path(table).parent)
        try:
            if is_of_folder(Path(table)):
                path = QFileDialog.getExistingDirectory(self._window, title, folder)
            else:
                path, _ = QFileDialog.getOpenFileName(self._window, title, folder)
            if path:
                locate_pictures(Path(table), Path(path))
                self._open_source(table)
        except FerError as error:
            self._report(f"{error.args[0]}. {error.hint}")

    def _enter_address(self) -> None:
        dialog = AddressDialog(self._window)
        dialog.chosen.connect(self._open_source)
        dialog.open()

    def _choose_model(self) -> None:
        path = open_file(self._window, "model", "Open a model", MODELS_FILTER)
        if path:
            self._load_model(path)
