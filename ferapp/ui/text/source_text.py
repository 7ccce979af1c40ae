"""Sentences about sources, models and devices, for the toolbar, the status bar and the picture."""

import re
from pathlib import PurePath

from ferapp.live.status import DeviceInfo, LiveStatus
from ferapp.sources.base import Frame
from ferapp.sources.camera_info import CameraInfo, Mode, parse_camera_uri
from ferapp.sources.faults import Fault
from ferapp.sources.stream_address import URL, without_password
from trainer.card import ModelCard

RETRIED = "Retrying automatically."
_LOGIN = re.compile(r"(?<=://)[^/\s@]+@")  # user and password of any kind of address


def size(mode: Mode) -> str:
    return f"{mode.width} × {mode.height}"


def mode_text(mode: Mode) -> str:
    """`1280 × 720 at 30`."""
    return f"{size(mode)} at {mode.fps:g}" if mode.fps else size(mode)


def source_title(spec: str) -> str:
    """What a person calls the source that `spec` opens; never with a password."""
    if spec == "demo":
        return "the demo clip"
    if (camera := parse_camera_uri(spec)) is not None:
        text = camera[0]
        if text.startswith("/dev/") or not text:
            return "the camera"
        return f"camera {text}" if text.isdecimal() else text
    if URL.match(spec) or "://" in spec:
        return without_login(without_password(spec))
    return PurePath(spec).name or spec


def without_login(text: str) -> str:
    return _LOGIN.sub("", text)


def opening_text(uri: str) -> str:
    """`Opening HD Webcam…`; "" while nothing is being opened."""
    return f"Opening {source_title(uri)}…" if uri else ""


def fault_words(fault: Fault, notice: str) -> tuple[str, str]:
    """What happened, and what to try. `notice` also says what plays until then."""
    until = notice[len(str(fault)) :].strip() if notice.startswith(str(fault)) else ""
    parts = (fault.hint, RETRIED if fault.retried else "", until)

    def shown(text: str) -> str:
        return without_login(text.replace(fault.source, without_password(fault.source)))

    return shown(fault.message), shown(" ".join(part for part in parts if part))


def size_and_rate(status: LiveStatus) -> str:
    """Size and rate as far as known; for a camera requested, delivered and measured."""
    asked, delivered = status.source.requested_mode, status.source.delivered_mode
    rate = status.rates.capture_fps
    parts = []
    if parse_camera_uri(status.source.uri) is not None:
        if asked is not None:
            parts.append(f"requested {mode_text(asked)}")
        if delivered is not None:
            parts.append(f"delivered {mode_text(delivered)}")
        if rate:
            parts.append(f"measured {rate:.1f}/s")
    else:
        if delivered is not None:
            parts.append(size(delivered))
        if rate:
            parts.append(f"{rate:.1f}/s")
    return "  ·  ".join(parts)


def device_title(status: LiveStatus, name: str) -> str:
    """`CPU` of `CPU, 2 cores`."""
    found = next((device for device in status.devices if device.name == name), None)
    return found.title.partition(",")[0] if found else name


def memory(device: DeviceInfo) -> str:
    return f"{device.free_mb / 1024:.1f}\u00a0GB free" if device.free_mb is not None else ""


def accuracy(card: ModelCard) -> str:
    """`67.0 % on val`; "" when the card does not tell."""
    value, split = card.metrics.get("accuracy"), card.metrics.get("split")
    if not isinstance(value, int | float):
        return ""
    return f"{100 * value:.1f}\u00a0%" + (f" on {split}" if split else "")


def model_title(status: LiveStatus) -> str:
    """The name of the model that runs, as the list of models has it."""
    found = next((model for model in status.models if model.spec == status.model.spec), None)
    return found.name if found and status.model.spec else status.model.name


def picture_title(frame: Frame) -> str:
    """Which picture of a folder it is: `2.png  ·  3 / 67`; "" of all else."""
    return (
        f"{frame.file_name}  ·  {frame.file_position[0]} / {frame.file_position[1]}"
        if frame.file_name
        else ""
    )


def first_title(status: LiveStatus) -> str:
    """`A · default` while two models are compared, else ""."""
    second = status.second_model
    return f"A · {model_title(status)}" if second is not None and second.name else ""


def camera_titles(cameras: tuple[CameraInfo, ...]) -> list[str]:
    """Their names; those that share one carry their number."""
    names = [camera.name for camera in cameras]
    return [
        f"{camera.name} (no. {camera.index})" if names.count(camera.name) > 1 else camera.name
        for camera in cameras
    ]


def playing_camera(status: LiveStatus) -> CameraInfo | None:
    """The connected camera whose pictures are shown."""
    asked = parse_camera_uri(status.source.uri)
    if asked is None:
        return None
    if asked[0]:
        return next((c for c in status.cameras if c.matches(asked[0])), None)
    return next((c for c in status.cameras if c.name == status.source.name), None)


def with_mode(spec: str, mode: str) -> str:
    """The camera `spec`, asked for pictures of `mode` ("" leaves it to the camera)."""
    return f"{spec}@{mode}" if mode else spec
