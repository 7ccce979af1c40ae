"""The menu of sources: the demo, the cameras that are connected now, files, addresses."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from ferapp.live.status import LiveStatus
from ferapp.sources.camera_info import CameraInfo
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import source_text

CAMERA_MODES = (
    ("", "As the camera likes"),
    ("640x480@30", "640 × 480 at 30"),
    ("1280x720@30", "1280 × 720 at 30"),
    ("1280x720@60", "1280 × 720 at 60"),
    ("1920x1080@30", "1920 × 1080 at 30"),
)

Open = Callable[[str], None]


def literal(text: str) -> str:
    """`text` in a menu, where & would mark a key."""
    return text.replace("&", "&&")


class SourceMenu(QMenu):
    """Follows the cameras as they come and go, also while it is open."""

    def __init__(
        self, actions: dict[str, QAction], store: SettingsStore, open_source: Open, parent: QWidget
    ) -> None:
        super().__init__("Source", parent)
        self.setToolTipsVisible(True)
        self._store, self._open_source = store, open_source
        self._status = LiveStatus()
        self._cameras: dict[QAction, CameraInfo] = {}
        self.addAction(actions["demo"])
        self.addSeparator()
        self._none = self.addAction("No camera is connected")
        self._none.setToolTip("Connect one: it appears here by itself.")
        self._none.setEnabled(False)
        self._modes = self.addMenu(self._mode_menu())
        self.addSeparator()
        self.addActions([actions[name] for name in ("open_file", "open_folder", "open_url")])
        self.addAction(actions["open_recording"])
        self.addAction(actions["to_table"])
        self.addAction(actions["paste"])

    def _mode_menu(self) -> QMenu:
        menu = QMenu("Camera picture", self)
        menu.setToolTipsVisible(True)
        menu.menuAction().setToolTip(
            "Size and rate to ask a camera for. The status bar shows what it delivers."
        )
        group = QActionGroup(menu)
        for mode, text in CAMERA_MODES:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(mode == self._store.now.camera_mode)
            action.setToolTip("Ask the camera for this. It may deliver something else.")
            action.triggered.connect(lambda _=False, wanted=mode: self._choose_mode(wanted))
            group.addAction(action)
        return menu

    def show_status(self, status: LiveStatus) -> None:
        before, self._status = self._status, status
        if status.cameras != before.cameras:
            self._list_cameras()
        self._mark()

    def _list_cameras(self) -> None:
        for action in self._cameras:
            self.removeAction(action)
            action.deleteLater()
        self._cameras = {}
        cameras = self._status.cameras
        for camera, title in zip(cameras, source_text.camera_titles(cameras), strict=True):
            action = QAction(literal(title), self)
            action.setCheckable(True)
            action.setToolTip("Show this camera. It is remembered for the next start.")
            action.triggered.connect(lambda _=False, chosen=camera: self._choose(chosen))
            self.insertAction(self._modes, action)
            self._cameras[action] = camera
        self._none.setVisible(not cameras)

    def _mark(self) -> None:
        """A check says what plays, not what was clicked."""
        playing = source_text.playing_camera(self._status)
        for action, camera in self._cameras.items():
            action.setChecked(camera == playing)

    def _choose(self, camera: CameraInfo) -> None:
        self._store.change(camera=camera.uri)
        self._open_source(source_text.with_mode(camera.uri, self._store.now.camera_mode))
        self._mark()

    def _choose_mode(self, mode: str) -> None:
        self._store.change(camera_mode=mode)
        playing = source_text.playing_camera(self._status)
        if playing is not None:
            self._open_source(source_text.with_mode(playing.uri, mode))
