"""What the model makes of the largest face: words, bars, the last seconds, the crop it sees."""

from PySide6.QtCore import QMargins, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.live.state import LiveStatus
from ferapp.ui import theme, wording
from ferapp.ui.bars import ProbabilityBars
from ferapp.ui.crop_view import AttributionKey, CropView
from ferapp.ui.strip import ProbabilityStrip
from ferapp.vision.analysis import Analysis


class FacePanel(QWidget):
    """`beside_crop` is what stands to the right of the crop: the switches of the page."""

    def __init__(self, beside_crop: QWidget) -> None:
        super().__init__()
        self.label = QLabel()
        self.label.setFont(theme.sized(self.font(), 2.1, QFont.Weight.DemiBold))
        self.label.setAccessibleName("Apparent expression")
        self.label.setToolTip(
            "The expression that the largest face appears to show, and how sure the model is.\n"
            "What a face shows is not what a person feels."
        )
        self.detail = QLabel()
        self.detail.setProperty("quiet", True)
        self.detail.setWordWrap(True)
        self.notice = QLabel()
        self.notice.setProperty("notice", True)
        self.notice.setWordWrap(True)
        self.notice.setAccessibleName("Notice about the model")
        self.notice.hide()
        self.bars = ProbabilityBars()
        self.strip = ProbabilityStrip()
        self.crop = CropView()
        self.key = AttributionKey()
        caption = QLabel("What the model sees")
        caption.setProperty("quiet", True)
        caption.setToolTip(self.crop.toolTip())

        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(beside_crop)
        right.addStretch(1)
        right.addWidget(self.key)
        lower = QHBoxLayout()
        lower.setSpacing(theme.MARGIN)
        lower.addWidget(self.crop, 0, Qt.AlignmentFlag.AlignTop)
        lower.addLayout(right, 1)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(QMargins())
        layout.setSpacing(theme.GAP)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.label)
        words.addWidget(self.detail)
        layout.addLayout(words)
        layout.addWidget(self.notice)
        layout.addWidget(self.bars)
        layout.addWidget(self.strip, 1)
        layout.addWidget(caption)
        layout.addLayout(lower)
        layout.addStretch(0)  # takes what the strip leaves on a tall screen

    def show_analysis(self, analysis: Analysis | None, status: LiveStatus, opacity: float) -> None:
        """`opacity` is that of the attribution, 0 when it is switched off."""
        headline, detail = wording.headline(analysis, status)
        self.label.setText(headline)
        self.detail.setText(detail)
        face = analysis.faces[0] if analysis is not None and analysis.faces else None
        classes = analysis.classes if analysis is not None else ()
        if face is not None and classes and len(face.smoothed) == len(classes):
            self.bars.show_probabilities(classes, face.smoothed, face.probabilities)
        else:
            self.bars.show_probabilities(classes)
        self.crop.show_face(face, opacity)
        explained = face.attributed_class if face is not None else None
        if explained is None or explained >= len(classes):
            self.key.set_class("")
        else:
            self.key.set_class(wording.title(classes[explained]))
        self.strip.redraw()

    def show_status(self, status: LiveStatus) -> None:
        text = wording.model_notice(status)
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
