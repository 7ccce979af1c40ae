"""Options of several commands."""

from typing import Annotated

import typer

Model = Annotated[str, typer.Option(help="A bundled model's name, or a model file.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
SOURCE_HELP = (
    "demo, camera, camera:N, camera:NAME, a video, an image, a folder of images, a recording, "
    "or an http or rtsp URL."
)
