"""The classes of a checked folder: name, counts, and a few of the faces as they were aligned."""

from PySide6.QtGui import QFont, QPainter, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from ferapp.overlays import label_text
from ferapp.overlays.overlay_painter import grey_image
from ferapp.runs.quick.picture_folder import ClassPictures
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme

_GAP = 4  # px


class ClassRows(QWidget):
    """A row for each class; those without enough faces are coloured, and say so."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * theme.MARGIN)
        self._grid.setVerticalSpacing(_GAP)
        self._grid.setColumnStretch(3, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Classes of the folder")

    def show_classes(self, classes: tuple[ClassPictures, ...]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for row, each in enumerate(classes):
            name = QLabel(label_text.class_title(each.name))
            name.setFont(theme.sized(self.font(), 1, QFont.Weight.DemiBold))
            counts = QLabel(counts_text(each))
            for label in (name, counts):
                label.setProperty("wrong", each.is_too_few)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(counts, row, 1)
            self._grid.addWidget(_faces(each), row, 2)
        self.setVisible(bool(classes))


def counts_text(each: ClassPictures) -> str:
    """`20 pictures, 19 faces`, `no pictures`."""
    if not each.pictures:
        return "no pictures"
    pictures = wording.count(each.pictures, "picture")
    if not each.faces:
        return f"{pictures}, no face" if each.examples else pictures
    return f"{pictures}, {wording.count(each.faces, 'face')}"


def _faces(each: ClassPictures) -> QLabel:
    """The examples side by side."""
    label = QLabel()
    if not each.examples:
        return label
    images = [grey_image(face) for face in each.examples]
    side = images[0].width()
    strip = QPixmap(len(images) * (side + _GAP) - _GAP, side)
    strip.fill(theme.current().panel)
    with QPainter(strip) as painter:
        for column, image in enumerate(images):
            painter.drawImage(column * (side + _GAP), 0, image)
    label.setPixmap(strip)
    label.setToolTip("Some of its faces, found and aligned as they are on the live page.")
    label.setAccessibleName(f"Example faces of {each.name}")
    return label
