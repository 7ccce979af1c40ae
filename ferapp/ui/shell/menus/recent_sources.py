"""The menu of files, addresses and recordings that were opened last, with small pictures."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from html import escape
from pathlib import Path

import platformdirs
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import QMenu, QProxyStyle, QStyle, QStyleOption, QWidget

from ferapp.overlays.overlay_painter import picture_image
from ferapp.sources.camera_info import DEMO, parse_camera_uri
from ferapp.sources.stream_address import URL
from ferapp.ui.shell.drop_paste import pasted_folder
from ferapp.ui.shell.settings import RECENT, SettingsStore
from ferapp.ui.text import source_text
from ferapp.vision.types import Analysis

WIDTH, HEIGHT = 160, 120  # px of a picture at most, as in the tooltip
ICON = 48  # px, side of a picture in the menu


def thumbnails_folder() -> Path:
    return Path(platformdirs.user_cache_dir("ferapp")) / "thumbnails"


def is_remembered(uri: str) -> bool:
    """Whether a source is worth a place: no camera, demo or pasted picture; never a password."""
    if not uri or uri == DEMO or parse_camera_uri(uri) is not None:
        return False
    if URL.match(uri):
        return "@" not in uri and "?" not in uri
    return not Path(uri).is_relative_to(pasted_folder())


def thumbnail_file(uri: str) -> Path:
    return thumbnails_folder() / f"{hashlib.sha256(uri.encode()).hexdigest()[:24]}.jpg"


class _LargeIcons(QProxyStyle):
    """A style sheet can reserve room for larger icons of a menu, but not draw them."""

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        if metric == QStyle.PixelMetric.PM_SmallIconSize:
            return ICON
        return super().pixelMetric(metric, option, widget)


class RecentSources(QMenu):
    """A source is remembered with its first picture."""

    def __init__(
        self, store: SettingsStore, open_source: Callable[[str], None], parent: QWidget
    ) -> None:
        super().__init__("Recent", parent)
        self.setToolTipsVisible(True)
        self._style = _LargeIcons()
        self._style.setParent(self)
        self.setStyle(self._style)
        self.menuAction().setToolTip("Files, addresses and recordings that you opened before.")
        self._store, self._open_source = store, open_source
        self._playing = ""  # what was remembered last
        self.aboutToShow.connect(self._fill)
        self._fill()

    def show_analysis(self, analysis: Analysis | None) -> None:
        """Remember the source of what is on the screen."""
        uri = analysis.frame.source if analysis is not None else ""
        if analysis is None or uri == self._playing:
            return
        self._playing = uri
        if not is_remembered(uri):
            return
        if not URL.match(uri):
            uri = str(Path(uri).absolute())
        others = [recent for recent in self._store.now.recent_sources if recent != uri]
        for forgotten in others[RECENT - 1 :]:
            with suppress(OSError):
                thumbnail_file(forgotten).unlink(missing_ok=True)
        self._store.change(recent_sources=(uri, *others)[:RECENT])
        self._save_thumbnail(uri, analysis)
        self._fill()

    def _save_thumbnail(self, uri: str, analysis: Analysis) -> None:
        small = picture_image(analysis.picture).scaled(
            WIDTH,
            HEIGHT,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        with suppress(OSError):  # the entry then has no picture
            thumbnails_folder().mkdir(parents=True, exist_ok=True)
            small.save(str(thumbnail_file(uri)))

    def _fill(self) -> None:
        self.clear()
        for uri in self._store.now.recent_sources:
            title = source_text.source_title(uri).replace("&", "&&")
            action = self.addAction(title)
            file = thumbnail_file(uri)
            action.setToolTip(uri)
            if file.is_file():
                action.setIcon(_square_icon(file))
                action.setToolTip(f'<img src="{escape(str(file))}"><br>{escape(uri)}')
            action.triggered.connect(lambda _=False, chosen=uri: self._open_source(chosen))
        self.menuAction().setVisible(bool(self._store.now.recent_sources))


def _square_icon(file: Path) -> QIcon:
    """The middle of a picture: a menu stretches others into a square."""
    picture = QPixmap(str(file))
    side = min(picture.width(), picture.height())
    left, top = (picture.width() - side) // 2, (picture.height() - side) // 2
    return QIcon(picture.copy(left, top, side, side))
