"""Saves a snapshot: a PNG with its overlays, and a JSON with everything measured on it.

Coordinates are pixels of the source, unmirrored even if the view is.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QBuffer,
    QByteArray,
    QIODevice,
    QObject,
    QStandardPaths,
    QTimer,
    QUrl,
    Signal,
)
from PySide6.QtGui import QDesktopServices, QImage, QImageWriter

from ferapp.live.status import LiveStatus
from ferapp.overlays.overlay_style import OverlayStyle, displayed_map
from ferapp.overlays.render_overlays import render_overlays
from ferapp.sources.stream_address import without_password
from ferapp.ui.live.slide import RecentShares, SlideContent, draw_slide
from ferapp.ui.widgets import theme
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.face_table import COORDINATES
from ferapp.vision.file_hash import file_hash
from ferapp.vision.seen_faces import SeenFaces
from ferapp.vision.types import Analysis, Face, Prediction
from trainer.files import write_atomic, write_json

if TYPE_CHECKING:
    from ferapp.overlays.anonymise import AnonymiseKind

FORMAT = 1
POLL_MS = 30  # between two checks whether a snapshot is written
# of 100; zlib level 2: a third of the default's time, for a fifth more bytes
COMPRESSION = 30


def pictures_folder() -> Path:
    """The folder for snapshots; the first one creates it."""
    location = QStandardPaths.StandardLocation.PicturesLocation
    return Path(QStandardPaths.writableLocation(location) or Path.home()) / "ferapp"


@dataclass(frozen=True, slots=True)
class Cover:
    """How heads are covered, and the faces that were displayed within the last second."""

    kind: "AnonymiseKind"
    recent: tuple[SeenFaces, ...] = ()

    def apply(self, analysis: Analysis) -> Analysis:
        """In another thread: searching for heads takes about a second."""
        from ferapp.overlays.anonymise import Anonymiser  # brings OpenCV

        with Anonymiser(self.kind) as anonymiser:
            anonymiser.recall(self.recent)
            return anonymiser.apply(analysis)


def write_snapshot(
    analysis: Analysis,
    status: LiveStatus,
    style: OverlayStyle,
    options: AnalysisOptions,
    folder: Path,
    when: datetime,
    slide: SlideContent | None = None,
    cover: Cover | None = None,
) -> Path:
    """Write `ferapp-<when>.png` and `.json` into `folder`; returns the picture's path.

    The picture is the frame with its overlays, or the slide where one is given; `cover` hides the
    heads in it, and nothing in the JSON.
    Both files are written, or neither; existing files are never replaced. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    picture = _reserve_file(folder, when)
    data = picture.with_suffix(".json")
    try:
        drawn = cover.apply(analysis) if cover is not None else analysis
        png = _png(
            draw_slide(replace(slide, analysis=drawn)) if slide else render_overlays(drawn, style)
        )
        write_atomic(picture, lambda stream: stream.write(png))
        record = snapshot_record(analysis, status, style, options, when)
        anonymised = cover.kind if cover is not None else None
        write_json(data, {"picture": picture.name, "anonymised": anonymised, **record})
    except BaseException:
        for file in (picture, data):
            file.unlink(missing_ok=True)
        raise
    return picture


def snapshot_record(
    analysis: Analysis,
    status: LiveStatus,
    style: OverlayStyle,
    options: AnalysisOptions,
    when: datetime,
) -> dict[str, Any]:
    """The JSON of a snapshot. NaN and infinity, which a model may return, become null."""
    frame, card = analysis.frame, status.model.card
    replayed = status.source.replay is not None and not status.source.replay.is_reanalysed
    height, width = frame.image.shape[:2]
    value = {
        "format": FORMAT,
        "app": f"ferapp {metadata.version('ferapp')}",
        "when": when.astimezone().isoformat(timespec="milliseconds"),
        "source": without_password(status.source.name),
        "frame": {
            "index": frame.index,
            "time_s": frame.time_s,
            "at_s": frame.position_s,  # in the file that played; null where one cannot seek
            "file": frame.file_name,
            "width": width,
            "height": height,
        },
        "model": {
            "name": status.model.name,
            "architecture": card.architecture,
            "sha256": file_hash(status.model.file),
            "temperature": card.temperature,
            "classes": list(analysis.classes),
            "prior": analysis.model.prior if analysis.model is not None else None,
        }
        if card is not None and analysis.classes and not replayed
        else None,  # the recording's session.json names the model of its results
        "device": status.model.device,
        "method": analysis.model.method if analysis.model is not None else options.method,
        "look": asdict(style),
        "smoothing_s": options.smoothing_s,
        "hidden": list(options.hidden.names),
        "fill": options.hidden.fill if options.hidden else None,  # what the model got instead
        "coordinates": COORDINATES,
        "followed": analysis.selected_id,  # the id of a face; null: the largest
        "faces": [_face_record(face, style) for face in analysis.faces],
    }
    finite: dict[str, Any] = _finite(value)
    return finite


def _face_record(face: Face, style: OverlayStyle) -> dict[str, Any]:
    prediction = face.prediction
    shown = displayed_map(prediction, style.target)
    return {
        "id": face.face_id,
        "box": [float(value) for value in face.box],  # x, y, width, height
        "landmarks": face.landmarks.tolist() if face.landmarks is not None else [],
        # (x, y, 1) to the pixels that the model was fed; null: a recording has no crops
        "to_crop": face.crop.from_frame.tolist() if face.crop is not None else None,
        "probabilities": _by_class(prediction, "probabilities"),
        "smoothed": _by_class(prediction, "smoothed"),
        "whole": _by_class(prediction, "unmasked"),  # with nothing hidden
        "explained": prediction.classes[shown[0]] if prediction and shown else None,
        "doubts": [
            {"kind": str(issue.kind), "value": float(issue.value), "limit": float(issue.limit)}
            for issue in face.issues()
        ],
    }


def _by_class(prediction: Prediction | None, field: str) -> dict[str, float] | None:
    values = getattr(prediction, field) if prediction is not None else None
    if prediction is None or values is None:
        return None
    return dict(zip(prediction.classes, values.tolist(), strict=True))


def _finite(value: Any) -> Any:
    """JSON has neither NaN nor infinity."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _reserve_file(folder: Path, when: datetime) -> Path:
    """An unused file name, reserved by an empty file until the picture replaces it."""
    stem = f"ferapp-{when:%Y-%m-%d-%H%M%S}-{when.microsecond // 1000:03d}"
    number = 1
    while True:
        file = folder / (f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
        try:
            if not file.with_suffix(".json").exists():
                file.touch(exist_ok=False)
                return file
        except FileExistsError:
            pass
        number += 1


def _png(image: QImage) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)  # lives in this thread only
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    writer.setCompression(COMPRESSION)
    if not writer.write(image):
        raise OSError(writer.errorString())
    return bytes(content.data())


class Snapshots(QObject):
    """Writes each snapshot in its own thread and reports the outcome in the GUI thread.

    The threads use no QObject: a timer polls them while there are any.
    """

    done = Signal(str, str)  # a message for the user; the picture's path, or ""

    def __init__(self, parent: QObject, folder: Callable[[], Path] | None = None) -> None:
        super().__init__(parent)
        self._folder = folder or pictures_folder
        self._running: list[_Job] = []
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    def save(
        self,
        analysis: Analysis | None,
        status: LiveStatus,
        style: OverlayStyle,
        options: AnalysisOptions,
        recent: RecentShares | None = None,
        cover: Cover | None = None,
    ) -> None:
        """Save the displayed picture; returns at once, `done` follows.

        With the `recent` probabilities it becomes a slide, in the colours of the window. `cover`
        hides the heads.
        """
        if analysis is None:
            self.done.emit("There is no picture to save yet.", "")
            return
        folder, when = self._folder(), datetime.now().astimezone()
        slide = None
        if recent is not None:
            name = status.model.name
            slide = SlideContent(analysis, style, recent, name, when, theme.current())
        write = partial(
            write_snapshot, analysis, status, style, options, folder, when, slide, cover
        )
        job = _Job(write, folder)
        self._running.append(job)
        job.start()
        self._timer.start()

    def finish(self) -> None:
        """Wait until all are written, before the window closes."""
        for job in self._running:
            job.join()
        self._poll()

    def _poll(self) -> None:
        ended = [job for job in self._running if not job.is_alive()]
        self._running = [job for job in self._running if job not in ended]
        if not self._running:
            self._timer.stop()
        for job in ended:
            self.done.emit(job.message, job.path)


class _Job(threading.Thread):
    def __init__(self, write: Callable[[], Path], folder: Path) -> None:
        super().__init__(name="snapshot")  # not a daemon: a snapshot that was started is written
        self._write, self._folder = write, folder
        self.message = f"The snapshot cannot be saved in {folder}."
        self.path = ""

    def run(self) -> None:
        try:
            picture = self._write()
        except OSError as error:
            reason = error.strerror or str(error)
            self.message = f"The snapshot cannot be saved in {self._folder}: {reason}."
        else:
            self.path = str(picture)
            self.message = f"Saved …/{picture.parent.name}/{picture.name}"


def open_folder(path: str) -> None:
    """Show the folder of `path` in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(path).parent)))
