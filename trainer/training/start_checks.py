"""What a training refuses before it reads its data, which may take minutes."""

from pathlib import Path

import trainer.losses  # noqa: F401  registers the losses' settings
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import is_prepared
from trainer.data.readers.reader_registry import AUTO, find_reader
from trainer.data.reading.read_options import configured_options
from trainer.device import resolve_device
from trainer.errors import UsageError
from trainer.model_index import find_model
from trainer.models import create
from trainer.models.import_weights import IMAGENET, read_weights
from trainer.models.registry import find_network
from trainer.models.shapes_only import shapes_only
from trainer.training.tensorboard_log import check_tensorboard


def check_start(config: TrainConfig, data: Path) -> None:
    """Raise UsageError, DataError or ModelFileError for what no data is needed to see."""
    check_tensorboard(config)
    resolve_device(config.run.device)
    _check_model(config)
    options = configured_options(config.data)
    for source, layout in [
        (data, config.data.format),
        *((Path(p), AUTO) for p in config.data.also),
    ]:
        place = source.expanduser()
        if not is_prepared(place):
            find_reader(place, layout, options)
    review = config.data.review
    if review and not Path(review).expanduser().is_file():
        raise UsageError(f"data.review: {review}: there is no such file")


def _check_model(config: TrainConfig) -> None:
    model = config.model
    if not find_network(model.name).reads_clips:  # those need the frame model to be built
        with shapes_only():
            create(model.name, input_size=config.data.preprocessing.input_size, **model.options)
    if model.init not in ("", IMAGENET):
        read_weights(find_model(model.init))
