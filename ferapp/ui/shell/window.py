"""The main window: pages, menus, drag and drop, and an orderly end when it closes."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QMainWindow,
    QPushButton,
    QStackedWidget,
)

from ferapp.live.status import LiveEngine
from ferapp.ui.booth.booth_mode import BoothMode
from ferapp.ui.coding.coding_mode import CodingMode
from ferapp.ui.live.live_page import LivePage
from ferapp.ui.live.slide import RecentShares
from ferapp.ui.live.snapshot import Cover, Snapshots, open_folder
from ferapp.ui.live_output.output_controller import OutputController
from ferapp.ui.recording.recording_controller import TITLE, RecordingController
from ferapp.ui.shell.action_search.command_palette import Command, CommandPalette, choices
from ferapp.ui.shell.actions import ACTIONS, ActionRecord, give_key, make_actions
from ferapp.ui.shell.bars.status_bar import StatusBar
from ferapp.ui.shell.bars.tool_bar import ToolBar
from ferapp.ui.shell.chosen_model import ChosenModel
from ferapp.ui.shell.copy_python import copy_as_python
from ferapp.ui.shell.drop_paste import PastedPictures, local_files, parse_mime_data
from ferapp.ui.shell.gui_gc import GuiGarbageCollector
from ferapp.ui.shell.lazy_page import LazyPage
from ferapp.ui.shell.menus.help_menu import HelpMenu
from ferapp.ui.shell.menus.model_menu import DeviceMenu, ModelMenu
from ferapp.ui.shell.menus.source_menu import SourceMenu
from ferapp.ui.shell.menus.text_size_menu import TextSizeMenu
from ferapp.ui.shell.open_dialogs import OpenDialogs
from ferapp.ui.shell.page import Page
from ferapp.ui.shell.settings import SettingsStore
from ferapp.ui.shell.window_exposure import WindowExposure
from ferapp.ui.shell.window_place import restore_place, window_place
from ferapp.ui.stage.language_menu import LanguageMenu
from ferapp.ui.stage.stage_mode import StageMode
from ferapp.ui.stimuli.stimuli_controller import StimuliController
from ferapp.ui.text import source_text
from ferapp.ui.widgets.drop_hint import DropHint
from ferapp.ui.widgets.live_tooltips import LiveTooltips
from ferapp.ui.widgets.screen_fit import PageArea, room_on_screen
from ferapp.ui.widgets.text_size import apply_text_size
from ferapp.vision.analysis_options import MAX_FACES

# available on the live page only, like their keys
LIVE_ACTIONS = tuple(
    record.id for record in ACTIONS if record.group in ("Source", "Model", "Picture", "Recording")
)
_ARROWS: dict[int, str] = {Qt.Key.Key_Left: "step_back", Qt.Key.Key_Right: "step_forward"}
_MIN_SIZE = QSize(800, 560)
_SAVE_MS = 1000  # interval at which changed settings are saved


class MainWindow(QMainWindow):
    """Owns the engine: closing the window closes it."""

    def __init__(
        self,
        engine: LiveEngine,
        store: SettingsStore,
        read_log: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__()
        self._engine = engine
        self.store = store
        self._asks_before_closing = True
        self._pasted = PastedPictures()
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.actions_by_id = actions = make_actions(self)
        self.help = HelpMenu(self, actions, store, read_log)
        self.source_menu = SourceMenu(actions, store, self.open_source, self)
        self.model_menu = ModelMenu(
            actions["open_model"],
            self.load_model,
            self.help.show_model_card,
            engine.compare_with,
            lambda: store.now.look.method,
            actions["end_comparison"],
            actions["teach"],
            self,
        )
        self.device_menu = DeviceMenu(store, self._use_device, self)
        self._pages = QStackedWidget()
        self._other_pages: list[Page | LazyPage] = []  # all but the live page
        self.tool_bar = ToolBar(
            self, actions, self.source_menu, self.model_menu, self.device_menu, self.help.menu
        )
        self.addToolBar(self.tool_bar)
        self.setCentralWidget(PageArea(self._pages))
        self.live_page = LivePage(engine, actions, store)
        self._chosen_model = ChosenModel(engine, store, self.live_page.live_view.toast.show_message)
        self.add_page("Live", self.live_page, "A camera or clip, analysed as it plays.")
        self.stage = StageMode(self, self.live_page, actions, store)
        self.booth = BoothMode(self, self.live_page, actions, store)
        self.coding = CodingMode(self, engine, self.live_page, actions, store)
        self.help.menu.insertMenu(
            actions["fullscreen"], TextSizeMenu(self, store.now.text_size, self._use_text_size)
        )
        self.help.menu.insertMenu(
            actions["fullscreen"],
            LanguageMenu(self, store.now.stage_language, self.stage.use_language),
        )
        self.command_palette = CommandPalette(self, self._commands)
        actions["palette"].triggered.connect(self.command_palette.toggle)
        self.snapshots = Snapshots(self)
        self.recordings = RecordingController(
            self, engine, actions, store, self.live_page, self.open_source
        )
        self.stimuli = StimuliController(
            self, engine, actions["stimuli"], store, self.live_page, self.recordings
        )
        self.outputs = OutputController(self, engine, actions, store, self.live_page)
        report = self.live_page.live_view.toast.show_message
        self._open_dialogs = OpenDialogs(self, actions, self.open_source, self.load_model, report)
        self._status_bar = StatusBar()
        self.setStatusBar(self._status_bar)
        self.drop_hint = DropHint(self._pages)
        self._connect()
        self._exposure = WindowExposure(self)
        self._exposure.changed.connect(self._update_visibility)
        self._pages.currentChanged.connect(self._page_changed)
        self.garbage_collector = GuiGarbageCollector(self)
        self.tooltips = LiveTooltips(self)
        self._save_timer = QTimer(self, interval=_SAVE_MS)
        self._save_timer.timeout.connect(store.save)
        self._save_timer.start()
        room = room_on_screen(self)
        self.setMinimumSize(_MIN_SIZE.boundedTo(room))
        self.resize(QSize(1280, 800).boundedTo(room))
        restore_place(self, store.now.geometry)
        self.setFocus()  # else the first button has the focus, and Space does not freeze

    def add_page(self, name: str, page: LivePage | Page | LazyPage, tip: str = "") -> None:
        """`tip` is the tooltip of the page's button in the toolbar."""
        index = self._pages.addWidget(page)
        if isinstance(page, Page | LazyPage):
            self._other_pages.append(page)
        action = QAction(name, self, checkable=True, checked=index == 0)
        action.triggered.connect(lambda: self._pages.setCurrentWidget(page))
        record = ActionRecord(name.lower(), "Pages", name, f"Ctrl+{index + 1}", tip or name)
        give_key(action, record)
        self.help.pages.append(record)
        self.tool_bar.add_page(action)

    def _commands(self) -> list[Command]:
        """Everything that the command palette offers."""
        pages = zip(self.help.pages, self.tool_bar.pages.actions(), strict=True)
        listed = self.actions_by_id
        return [
            *(Command(record, listed[record.id]) for record in ACTIONS),
            *(Command(record, action) for record, action in pages),
            *choices(self.help.menu, "Window", listed.values()),
            *choices(self.model_menu, "Model", listed.values()),
            *choices(self.device_menu, "Model", listed.values()),
        ]

    def show_page(self, name: str) -> None:
        """`name` as in the toolbar."""
        next(page for page in self.tool_bar.pages.actions() if page.text() == name).trigger()

    def _page_changed(self) -> None:
        """Enable the live page's actions and keys on that page only."""
        live = self._pages.currentWidget() is self.live_page
        for name in LIVE_ACTIONS:
            self.actions_by_id[name].setVisible(live)
        self.tool_bar.show_live(live)
        self._update_visibility()
        self.live_page.panel.interrupt_plots()
        self._status_bar.setVisible(live)

    def _update_visibility(self) -> None:
        """The engine rests while neither the live page nor an audience's picture can be seen."""
        live = self._pages.currentWidget() is self.live_page and self._exposure.is_exposed
        live = live and not self.stimuli.covers_window
        self._engine.set_visible(live or self.stage.is_on or self.booth.is_on)

    def _connect(self) -> None:
        actions, view = self.actions_by_id, self.live_page.live_view
        actions["demo"].triggered.connect(lambda: self.open_source("demo"))
        actions["copy_python"].triggered.connect(lambda: copy_as_python(self.live_page))
        actions["camera"].triggered.connect(self._open_camera)
        actions["paste"].triggered.connect(
            lambda: self._open_data(QGuiApplication.clipboard().mimeData())
        )
        actions["snapshot"].triggered.connect(lambda: self._take_snapshot())
        actions["slide"].triggered.connect(
            lambda: self._take_snapshot(self.live_page.panel.probability_plot.recent())
        )
        self.snapshots.done.connect(self._snapshot_done)
        actions["fullscreen"].triggered.connect(self._set_full_screen)
        actions["hud"].setChecked(self.store.now.hud)
        actions["hud"].toggled.connect(lambda on: self.store.change(hud=on))
        for mode in ("stage", "booth"):
            actions[mode].toggled.connect(self._update_visibility)
        self.stimuli.covered.connect(self._update_visibility)
        view.notice.retry.connect(self.open_source)
        view.notice.locate.connect(self._open_dialogs.locate_pictures)
        view.notice.demo.connect(actions["demo"].trigger)
        view.notice.other.connect(self._pop_up_sources)
        self.help.show_first_steps = view.show_first_steps
        self.help.shows_first_steps = view.first_steps.isVisible
        self.help.set_max_faces = self.live_page.set_max_faces
        view.first_steps.done.connect(self.help.end_first_steps)
        if not self.store.now.hints_seen:
            view.show_first_steps(True)
        self.live_page.status_changed.connect(self._show_status)
        self._show_status()

    # --- sources and models ---------------------------------------------------------------------

    def open_source(self, source: str) -> None:
        self.show_page("Live")
        self.live_page.go_live()
        self.live_page.live_view.toast.dismiss()  # it was about another source
        self._engine.open_source(source)

    def load_model(self, model: str) -> None:
        self.show_page("Live")
        self.live_page.show_new_model()
        self._chosen_model.load(model)

    def clear_recent(self, recordings: str = "") -> None:
        """Forget recent items and settings, and do not remember a model that is still loading.

        `recordings`, the folder for recordings, is kept.
        """
        self._chosen_model.forget()
        self.store.clear_recent(recordings)

    def compare_live(self, first: str, second: str) -> None:
        """Two models on the same frames."""
        self.load_model(first)
        self._engine.compare_with(second)

    def _use_device(self, device: str) -> None:
        self.live_page.show_new_model()
        self._engine.use_device(device)

    def _open_camera(self) -> None:
        now = self.store.now
        self.open_source(source_text.with_mode(now.camera or "camera", now.camera_mode))

    def _pop_up_sources(self, button: QPushButton) -> None:
        height = self.source_menu.sizeHint().height()
        self.source_menu.popup(button.mapToGlobal(QPoint(0, -height)))

    # --- snapshots ------------------------------------------------------------------------------

    def _take_snapshot(self, recent: RecentShares | None = None) -> None:
        """With the `recent` probabilities as a slide."""
        page = self.live_page
        kind = self.store.now.anonymise
        cover = None if kind == "off" else Cover(kind, page.recent_faces.seen)
        self.snapshots.save(
            page.presented, page.status, page.overlay_style, page.options, recent, cover
        )

    def _snapshot_done(self, message: str, path: str) -> None:
        toast, button = self.live_page.live_view.toast, "Open folder" if path else ""
        toast.show_message(message, button, lambda: open_folder(path))

    # --- drag, drop and paste -------------------------------------------------------------------

    def _open_data(self, data: QMimeData | None) -> None:
        """Dropped or pasted data; None is an empty clipboard."""
        content = parse_mime_data(data)
        source, message = content.source, content.message
        if content.picture is not None:
            source = self._pasted.save(content.picture) or ""
            message = message if source else "The picture could not be saved to disk."
        if source:
            self.open_source(source)
        if content.model:
            self.load_model(content.model)
        if message:
            self.live_page.live_view.toast.show_message(message)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._accept_copy(event)
        page = self._other_page
        self.drop_hint.show_text((page.drop_text if page is not None else "") or "Drop to open")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop_hint.hide()
        self._accept_copy(event)
        page = self._other_page
        if page is None or not page.take_drop(local_files(event.mimeData())):
            self._open_data(event.mimeData())

    @property
    def _other_page(self) -> Page | LazyPage | None:
        """The shown page; None for the live one."""
        page = self._pages.currentWidget()
        return page if isinstance(page, Page | LazyPage) else None

    def _accept_copy(self, event: QDropEvent) -> None:
        """Copy, never move: after a move, a file manager would delete the file."""
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()

    # --- the window itself ----------------------------------------------------------------------

    def _use_text_size(self, percent: int) -> None:
        self.store.change(text_size=percent)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_text_size(app, percent)
            QTimer.singleShot(0, self, self.tool_bar.fit)  # once its buttons have their new sizes

    def _set_full_screen(self, on: bool) -> None:
        full = Qt.WindowState.WindowFullScreen
        state = self.windowState()
        self.setWindowState(state | full if on else state & ~full)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit, is_live = event.key() - Qt.Key.Key_0, self._pages.currentWidget() is self.live_page
        if is_live and self.live_page.live_view.duel.handle_key(event.key()):
            return
        if is_live and 1 <= digit <= MAX_FACES:
            self.live_page.follow_number(digit)
        elif event.key() in _ARROWS and self.live_page.playback.shows_folder:
            self.actions_by_id[_ARROWS[event.key()]].trigger()
        elif event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
        elif self.live_page.brush.leave():
            return
        elif self.live_page.live_view.first_steps.isVisible():
            self.help.end_first_steps()
        else:
            self._set_full_screen(False)

    def changeEvent(self, event: QEvent) -> None:
        """The window system may also leave full screen."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.actions_by_id["fullscreen"].setChecked(self.isFullScreen())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.tool_bar.fit()

    def _show_status(self) -> None:
        status = self.live_page.status
        self.source_menu.show_status(status)
        self.source_menu.recent.show_analysis(self.live_page.analysis)
        self.model_menu.show_status(status)
        self.device_menu.show_status(status)
        self.tool_bar.show_status(status)
        self._status_bar.show_status(status)
        self.help.card = status.model.card
        self._chosen_model.follow(status)

    def close_at_once(self) -> None:
        """Close without a question; trainings that were started here go on."""
        self._asks_before_closing = False
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        asked: list[RecordingController | Page | LazyPage] = [self.recordings, *self._other_pages]
        if self._asks_before_closing and not all(each.may_close() for each in asked):
            event.ignore()
            return
        for mode in ("stage", "booth", "coding"):
            self.actions_by_id[mode].setChecked(False)
        self.stimuli.close_down()
        self._save_timer.stop()
        self.store.change(geometry=window_place(self))
        self.store.save()
        self.hide()  # at once: closing may take a while
        self.recordings.save_note()
        self.live_page.stop()
        self._engine.close()  # first of the slow steps: ends the recording, releases the camera
        self.snapshots.finish()
        for dialog in self.findChildren(QDialog):
            dialog.close()
        for page in self._other_pages:
            page.stop()
        self.garbage_collector.stop()  # no worker thread runs any more
        self._pasted.close()  # the engine no longer reads them
        super().closeEvent(event)
