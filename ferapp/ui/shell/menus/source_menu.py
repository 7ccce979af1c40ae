"""The menu of sources: the demo, connected cameras, files, addresses."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from ferapp.live.status import LiveStatus
from ferapp.sources.camera_info import CameraInfo
from ferapp.ui.shell.menus.recent_sources import RecentSources
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.text import source_text

CAMERA_MODES = (
    ("", "Camera default"),
    ("640x480@30", "640 × 480 at 30"),
    ("1280x720@30", "1280 × 720 at 30"),
    ("1280x720@60", "1280 × 720 at 60"),
    ("1920x1080@30", "1920 × 1080 at 30"),
)

Open = Callable[[str], None]


def literal(text: str) -> str:
    """`text` for a menu, where & would mark a shortcut."""
    return text.replace("&", "&&")


class SourceMenu(QMenu):
    """Lists cameras as they are connected and disconnected, even while it is open."""

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
        self._none = self.addAction("No camera connected")
        self._none.setToolTip("A camera appears here as soon as it is connected.")
        self._none.setEnabled(False)
        self.camera_modes = self._mode_menu()
        self._modes = self.addMenu(self.camera_modes)
        self._name_mode(store.now.camera_mode)
        self.addSeparator()
        self.addActions([actions[name] for name in ("open_file", "open_folder", "open_url")])
        self.addAction(actions["open_recording"])
        self.recent = RecentSources(store, open_source, self)
        self.addMenu(self.recent)
        self.addAction(actions["to_table"])
        self.addAction(actions["paste"])

    def _mode_menu(self) -> QMenu:
        menu = QMenu("Camera resolution and rate", self)
        menu.setToolTipsVisible(True)
        menu.menuAction().setToolTip(
            "Size and rate to request from a camera. The status bar shows what it delivers."
        )
        group = QActionGroup(menu)
        for mode, text in CAMERA_MODES:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(mode == self._store.now.camera_mode)
            action.setToolTip("Request this from the camera. It may deliver something else.")
            action.triggered.connect(lambda _=False, chosen=mode: self._choose_mode(chosen))
            group.addAction(action)
        return menu

    def _name_mode(self, mode: str) -> None:
        """The entry says what is chosen, so that it is found where cameras are."""
        self._modes.setText(f"Camera resolution and rate\t{dict(CAMERA_MODES).get(mode, mode)}")

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
            action.setToolTip("Use this camera now, and at the next start.")
            action.triggered.connect(lambda _=False, chosen=camera: self._choose(chosen))
            self.insertAction(self._modes, action)
            self._cameras[action] = camera
        self._none.setVisible(not cameras)

    def _mark(self) -> None:
        """Check the camera that plays, not the one that was clicked."""
        playing = source_text.playing_camera(self._status)
        for action, camera in self._cameras.items():
            action.setChecked(camera == playing)

    def _choose(self, camera: CameraInfo) -> None:
        self._store.change(camera=camera.uri)
        self._open_source(source_text.with_mode(camera.uri, self._store.now.camera_mode))
        self._mark()

    def _choose_mode(self, mode: str) -> None:
        self._store.change(camera_mode=mode)
        self._name_mode(mode)
        playing = source_text.playing_camera(self._status)
        if playing is not None:
            self._open_source(source_text.with_mode(playing.uri, mode))
