"""The status bar: the source with size and rate, the recording, the model and its device."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStatusBar

from ferapp.live.status import LiveStatus
from ferapp.ui.text import source_text, wording
from ferapp.ui.widgets import theme

_MAX_NAME = 320  # px


class StatusBar(QStatusBar):
    """The tooltip of each part explains it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.source = self._part("Source")
        self.mode = self._part("Size and rate")
        self.recording = self._part("Recording")
        self.model = self._part("Model")
        self.device = self._part("Device")
        self.time = self._part("Time per face")
        for label in (self.source, self.mode):
            self.addWidget(label)
        for label in (self.recording, self.model, self.device, self.time):
            self.addPermanentWidget(label)

    def _part(self, name: str) -> QLabel:
        label = QLabel()
        label.setAccessibleName(name)
        label.setFont(theme.sized(self.font(), 1.0))  # digits of equal width
        return label

    def show_status(self, status: LiveStatus) -> None:
        name = status.source.name
        _set(
            self.source,
            self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _MAX_NAME)
            or "No source",
            f"{name}\n" * bool(name) + "Where the frames come from. They stay on this computer.",
        )
        _set(
            self.mode,
            source_text.size_and_rate(status),
            "Requested: as chosen in Source, Camera resolution and rate.\n"
            "Delivered: the actual size, and the rate that the camera states.\n"
            "Measured: frames per second over the last seconds."
            if status.source.requested_mode
            else "\n".join(
                (
                    "Size in pixels, and frames per second over the last seconds.",
                    *(f"{note[:1].upper()}{note[1:]}." for note in status.source.notes),
                )
            ),
        )
        recorded = status.recording
        running = recorded is not None and not recorded.over
        _set(
            self.recording,
            f"Recording {wording.recording(recorded)}" if running and recorded else "",
            f"Written to\n{recorded.folder}" if recorded else "Nothing is being recorded.",
        )
        card, model = status.model.card, source_text.model_title(status)
        _set(
            self.model,
            self.fontMetrics().elidedText(model, Qt.TextElideMode.ElideMiddle, _MAX_NAME)
            or "No model",
            card.summary if card else "The model that classifies the faces.",
        )
        _set(
            self.device,
            source_text.device_title(status, status.model.device),
            f"The model runs on this device ({status.model.device}).",
        )
        _set(
            self.time,
            f"{wording.milliseconds(status.rates.face_ms)} per face"
            if status.rates.face_ms
            else "",
            "The model's time for one face with attribution on this device:\n"
            "the median of the last frames.",
        )


def _set(label: QLabel, text: str, tip: str) -> None:
    if label.text() != text:
        label.setText(text)
        label.setVisible(bool(text))
    if label.toolTip() != tip:
        label.setToolTip(tip)
