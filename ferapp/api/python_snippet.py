"""The few lines of Python that give again what the window shows. No torch, no OpenCV."""

from collections.abc import Mapping
from pathlib import Path

from ferapp.sources.camera_info import DEMO, parse_camera_uri
from ferapp.sources.file_kind import FileKind, file_kind, is_named_as_picture
from ferapp.sources.stream_address import URL
from trainer.attribution_methods import DEFAULT_METHOD
from trainer.prior import TRAINED

LIVE_FRAMES = 300  # of a camera or stream, which does not end by itself


def python_snippet(
    source: str,
    model: str = "default",
    *,
    prior: str | Mapping[str, float] = TRAINED,
    method: str | None = DEFAULT_METHOD,
    target: str = "predicted",
    device: str = "auto",
    time_s: float = 0.0,
) -> str:
    """A script that explains a picture of `source`, and makes a table of all of them.

    `source` is a URI of the window; of what can seek the picture at `time_s` is explained, of a
    camera or stream the next one. `method` and `target` are those of `Face.explain`, None for no
    explanation; a still picture needs no table. Every line runs as it stands.
    """
    is_live = parse_camera_uri(source) is not None or URL.match(source) is not None
    loading = _arguments(_quoted(model), device=device, prior=prior)
    drawing = "method=None" if method is None else _arguments(method=method, target=target)
    drawing = f", {drawing}" if drawing else ""
    if not is_live and _is_picture(source):
        head = ["import ferapp", "", f"image = {_quoted(source)}"]
        tail = []
    else:
        head = ["import ferapp", "from ferapp.live.engine import open_source", ""]
        head += [f"source = open_source({_quoted(source)})"]
        head += [] if is_live else [f"source.seek({time_s:g})  # seconds"]
        head += ["image = source.read().image[..., ::-1]  # BGR to RGB", "source.close()"]
        limits = {"max_frames": LIVE_FRAMES} if is_live else {}
        table = _arguments(_quoted(source), model=model, device=device, prior=prior, **limits)
        tail = ["", f"table = ferapp.analyze({table})  # all frames", "print(table.describe())"]
    body = [
        "",
        f"with ferapp.load({loading}) as fer:",
        "    faces = fer(image)",
        f"    picture = fer.draw(image, faces{drawing})",
        "for face in faces:",
        "    print(face, face.probabilities)",
        'picture  # a notebook shows it; picture.save("faces.png") keeps it',
    ]
    return "\n".join([*head, *body, *tail, ""])


_DEFAULTS = {
    "model": "default",
    "device": "auto",
    "prior": TRAINED,
    "method": DEFAULT_METHOD,
    "target": "predicted",
}


def _arguments(*first: str, **named: object) -> str:
    """The arguments of a call; those that have their default are left out."""
    texts = list(first)
    for name, value in named.items():
        if value != _DEFAULTS.get(name):
            shown = dict(value) if isinstance(value, Mapping) else value
            texts.append(f"{name}={_quoted(value) if isinstance(value, str) else repr(shown)}")
    return ", ".join(texts)


def _quoted(text: str) -> str:
    """The text as Python writes it, in double quotes where that is the same."""
    written = repr(text)
    return f'"{written[1:-1]}"' if written.startswith("'") and '"' not in written else written


def _is_picture(source: str) -> bool:
    path = Path(source).expanduser()
    if source == DEMO or path.is_dir():
        return False
    try:
        kind = file_kind(path)
    except OSError:
        kind = FileKind.UNKNOWN
    return kind is FileKind.PICTURE or (kind is FileKind.UNKNOWN and is_named_as_picture(path))
