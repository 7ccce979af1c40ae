"""Pause, steps, speed and loop of what plays, by its bar and by keys."""

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from ferapp.live.status import LiveEngine, Playback, SourceStatus
from ferapp.ui.recording.play_bar import PlayBar
from ferapp.ui.shell.actions import block

NO_STEPS = "Only files and folders can be stepped through."


class PlaybackControls(QObject):
    """Passes them to the engine; a checked `freeze` pauses a file, and holds a live picture."""

    def __init__(self, engine: LiveEngine, actions: dict[str, QAction], parent: QObject) -> None:
        super().__init__(parent)
        self._engine = engine
        self._freeze = actions["freeze"]
        self._steps = [actions["step_back"], actions["step_forward"]]
        self._playback: Playback | None = None
        self.bar = PlayBar(self._freeze, self._steps)
        self.bar.sought.connect(engine.seek)
        self.bar.play_again.connect(self._play_again)
        self.bar.speed_chosen.connect(engine.set_speed)
        self.bar.loop_changed.connect(engine.set_loop)
        self._freeze.triggered.connect(self._continue_ended)
        for action, frames in zip(self._steps, (-1, 1), strict=True):
            action.triggered.connect(lambda _, frames=frames: self._step(frames))

    @property
    def plays(self) -> bool:
        """Whether a file or folder plays, which can pause."""
        return self._playback is not None

    @property
    def stands_still(self) -> bool:
        """Whether a file is paused, or at its end."""
        playback = self._playback
        return playback is not None and (self._freeze.isChecked() or playback.ended)

    @property
    def shows_folder(self) -> bool:
        """Whether the pictures of a folder are shown."""
        return self._playback is not None and self._playback.pictures is not None

    def show_status(self, source: SourceStatus) -> None:
        self._playback = source.playback
        self.bar.show_playback(source.playback, source.replay)
        frozen = self._freeze.isChecked()
        if source.playback is not None and source.playback.paused != frozen:
            self._engine.pause(frozen)  # the file was reopened
        for action in self._steps:
            block(action, "" if self.plays else NO_STEPS)
        text = "Pause" if self.plays else "Freeze"
        if self._freeze.text() != text:
            self._freeze.setText(text)
            self._freeze.setIconText(text)

    def _continue_ended(self) -> None:
        """The key that pauses plays a file that has ended again."""
        if self._playback is not None and self._playback.ended:
            self._play_again()

    def _play_again(self) -> None:
        """From the start of a file that has ended."""
        self._engine.seek(0.0)
        self._freeze.setChecked(False)

    def _step(self, frames: int) -> None:
        """To the next frame of a file (1) or the one before (-1)."""
        if self._playback is None or (self._playback.ended and frames > 0):
            return
        self._freeze.setChecked(True)
        self._engine.step(frames)
