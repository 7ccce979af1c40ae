"""Sentences about sources, models and devices, for the toolbar, the status bar and the picture."""

import re
from pathlib import PurePath

from ferapp.live.status import DeviceInfo, LiveStatus
from ferapp.sources.base import Frame
from ferapp.sources.camera_info import CameraInfo, Mode, parse_camera_uri
from ferapp.sources.faults import Fault
from ferapp.sources.stream_address import URL, without_password
from trainer.card import ModelCard
from trainer.model_index import OPENED_SUFFIXES

# of dialogs that open one
MODELS_FILTER = f"Models ({' '.join(f'*{suffix}' for suffix in OPENED_SUFFIXES)})"
RETRIED = "Retrying automatically."
SPLITS = {"train": "training", "val": "validation", "test": "test"}
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")  # user and password of any kind of address


def mode_size(mode: Mode) -> str:
    return f"{mode.width} × {mode.height}"


def mode_text(mode: Mode) -> str:
    """`1280 × 720 at 30`."""
    return f"{mode_size(mode)} at {mode.fps:g}" if mode.fps else mode_size(mode)


def source_title(uri: str) -> str:
    """The name of a source in sentences; never with a password."""
    if uri == "demo":
        return "the demo clip"
    if (camera := parse_camera_uri(uri)) is not None:
        text = camera[0]
        if text.startswith("/dev/") or not text:
            return "the camera"
        return f"camera {text}" if text.isdecimal() else text
    if URL.match(uri) or "://" in uri:
        return without_login(without_password(uri))
    return PurePath(uri).name or uri


def without_login(text: str) -> str:
    return _LOGIN.sub("", text)


def opening_text(uri: str) -> str:
    """`Opening HD Webcam…`; "" while nothing is being opened."""
    return f"Opening {source_title(uri)}…" if uri else ""


def fault_text(fault: Fault, notice: str) -> tuple[str, str]:
    """What happened, and what to try. `notice` also says what plays meanwhile."""
    status = notice[len(str(fault)) :].strip() if notice.startswith(str(fault)) else ""
    parts = (fault.hint, RETRIED if fault.retried else "", status)

    def without_secrets(text: str) -> str:
        return without_login(text.replace(fault.source, without_password(fault.source)))

    message = " ".join(part for part in parts if part)
    return without_secrets(fault.message), without_secrets(message)


def size_and_rate(status: LiveStatus) -> str:
    """Size and rate as far as known; for a camera requested, delivered and measured."""
    requested, delivered = status.source.requested_mode, status.source.delivered_mode
    rate = status.rates.capture_fps
    parts = []
    if parse_camera_uri(status.source.uri) is not None:
        if requested is not None:
            parts.append(f"requested {mode_text(requested)}")
        if delivered is not None:
            parts.append(f"delivered {mode_text(delivered)}")
        if rate:
            parts.append(f"measured {rate:.1f}/s")
    else:
        if delivered is not None:
            parts.append(mode_size(delivered))
        if rate:
            parts.append(f"{rate:.1f}/s")
    return "  ·  ".join(parts)


def device_title(status: LiveStatus, name: str) -> str:
    """`CPU` of `CPU, 2 cores`."""
    device = next((device for device in status.devices if device.name == name), None)
    return device.title.partition(",")[0] if device else name


def memory(device: DeviceInfo) -> str:
    return f"{device.free_mb / 1024:.1f}\u00a0GB free" if device.free_mb is not None else ""


def accuracy(card: ModelCard) -> str:
    """`67.0 % correct (validation)`; "" if the card has no accuracy."""
    value, split = card.metrics.get("accuracy"), card.metrics.get("split")
    if not isinstance(value, int | float):
        return ""
    return (
        f"{100 * value:.1f}\u00a0%"
        + " correct"
        + (f" ({SPLITS.get(str(split), split)})" if split else "")
    )


def model_title(status: LiveStatus) -> str:
    """The running model's name in the model menu."""
    listed = next((model for model in status.models if model.spec == status.model.spec), None)
    return listed.name if listed and status.model.spec else status.model.name


def picture_title(frame: Frame) -> str:
    """Name and position of a folder's picture: `2.png  ·  3 / 67`; else ""."""
    return (
        f"{frame.file_name}  ·  {frame.file_position[0]} / {frame.file_position[1]}"
        if frame.file_name
        else ""
    )


def first_title(status: LiveStatus) -> str:
    """`A · default` while two models are compared, else ""."""
    second = status.second_model
    is_other = second is not None and second.name and second.spec != status.model.spec
    return f"A · {model_title(status)}" if is_other else ""


def camera_titles(cameras: tuple[CameraInfo, ...]) -> list[str]:
    """Their names, with the number where several have the same name."""
    names = [camera.name for camera in cameras]
    return [
        f"{camera.name} (no. {camera.index})" if names.count(camera.name) > 1 else camera.name
        for camera in cameras
    ]


def playing_camera(status: LiveStatus) -> CameraInfo | None:
    """The connected camera that plays."""
    playing = parse_camera_uri(status.source.uri)
    if playing is None:
        return None
    if playing[0]:
        return next((c for c in status.cameras if c.matches(playing[0])), None)
    return next((c for c in status.cameras if c.name == status.source.name), None)


def with_mode(uri: str, mode: str) -> str:
    """The URI of a camera with the mode to request; "" is the camera's default."""
    return f"{uri}@{mode}" if mode else uri
