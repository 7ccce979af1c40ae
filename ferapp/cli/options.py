"""Options of several commands."""

from typing import Annotated

import typer

from trainer.model_index import find_model


def known_model(name: str | None) -> str | None:
    """As the callback of an option: refuses a missing model before anything is loaded."""
    if name:
        find_model(name)
    return name


def known_source(uri: str | None) -> str | None:
    """As `known_model`, for a source: a file or folder must be there."""
    if uri:
        from ferapp.sources.uri import check_source

        check_source(uri)
    return uri


Model = Annotated[
    str,
    typer.Option(help="A bundled model's name, or a model file (.onnx too).", callback=known_model),
]
SOURCE_HELP = (
    "demo, camera, camera:N, camera:NAME, a video, an image, a folder of images, a recording, "
    "or an http or rtsp URL."
)
