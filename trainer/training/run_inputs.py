"""What a run trains on and validates on, and the card of its models."""

import shutil
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainer.card import FrameModel, ModelCard, Preprocessing
from trainer.config.train_config import TrainConfig
from trainer.data.clips import clip_rows, one_a_clip
from trainer.data.crops import Crops, align_all
from trainer.data.face_data import FaceData
from trainer.data.label_noise import flipped_count
from trainer.data.training_samples import limit_samples
from trainer.errors import UsageError
from trainer.evaluation.clip_features import clip_features
from trainer.model_index import bundled_models, file_sha256, find_model, is_own
from trainer.models import FerModel, create
from trainer.models.model_file import load_model
from trainer.models.registry import FRAME, find_network
from trainer.models.shapes_only import shapes_only
from trainer.training.batches import training_crops
from trainer.training.learned_prior import learned_prior
from trainer.training.run_dir import RunDir, package_versions
from trainer.training.val_history import ValSamples

FRAME_COPY = "frame.safetensors"  # beside a run's models: a frame model that is not bundled


@dataclass(frozen=True, slots=True)
class RunInputs:
    """`val_samples` names those of `validation`.

    `frame` is the frame model whose features are learned from, for networks for clips.
    """

    training: Crops
    validation: Crops
    val_samples: ValSamples
    card: ModelCard
    frame: FerModel | None = None


def run_inputs(
    run: RunDir, name: str, config: TrainConfig, data: FaceData, device: torch.device
) -> RunInputs:
    """The samples of a run. Raises UsageError when data and network do not fit together."""
    if find_network(config.model.name).reads_clips:
        return _clip_inputs(run, name, config, data, device)
    preprocessing = config.data.preprocessing
    training = training_crops(run, config, data)
    held_out = data.of_split("val")
    validation = align_all(held_out, preprocessing, memory=config.data.memory)
    card = _card(name, config, data, training, preprocessing)
    return RunInputs(training, validation, ValSamples.of(held_out), card)


def _clip_inputs(
    run: RunDir, name: str, config: TrainConfig, data: FaceData, device: torch.device
) -> RunInputs:
    """The features of a frozen frame model, which `model.init` names."""
    network = config.model.name
    if not config.model.init:
        raise UsageError(
            f"{network} reads the features of a frame model, and none is named",
            "Set model.init, for example model.init=default.",
        )
    unused = [f"objective.{loss}" for loss in config.objective.losses]
    unused += ["data.review"] * bool(config.data.review)
    if unused:
        raise UsageError(f"{unused[0]} cannot be used with {network}, which learns from clips")
    path = find_model(config.model.init)
    if not is_own(path):
        raise UsageError(f"{network} reads the features of models of this project, not {path}")
    frame, frame_card = load_model(path, device)
    unleaked = data.without_leaked() if config.data.drop_leaked else data
    training = limit_clips(unleaked.of_split("train"), config.data.limit)
    crops = clip_features(frame, frame_card, training, device)
    held_out = data.of_split("val")
    validation = clip_features(frame, frame_card, held_out, device)
    description = {
        "architecture": frame_card.architecture,
        "classes": len(frame_card.classes),
        "arguments": frame_card.arguments,
    }
    card = _card(
        name, config, data, crops, frame_card.preprocessing, {FRAME: description}
    ).model_copy(update={"frame_model": FrameModel(name=frame_card.name, sha256=file_sha256(path))})
    if path.resolve() not in [find_model(each).resolve() for each in bundled_models()]:
        copy = run.best.parent / FRAME_COPY
        if not copy.exists():
            shutil.copy(path, copy)
    samples = ValSamples.of(one_a_clip(held_out, clip_rows(held_out)))
    return RunInputs(crops, validation, samples, card, frame)


def limit_clips(data: FaceData, limit: int) -> FaceData:
    """The frames of at most `limit` clips, chosen as `limit_samples` chooses pictures."""
    if data.clip is None or not limit:
        return data
    _, first = np.unique(data.clip, return_index=True)
    chosen = limit_samples(data.select(np.sort(first)), limit)
    assert chosen.clip is not None
    return data.select(np.isin(data.clip, chosen.clip))


def _card(
    name: str,
    config: TrainConfig,
    data: FaceData,
    training: Crops,
    preprocessing: Preprocessing,
    further: dict[str, Any] | None = None,
) -> ModelCard:
    architecture, options = config.model.name, {**config.model.options, **(further or {})}
    objective = config.objective.describe_classification()
    voted = np.isfinite(data.votes[data.split == "train"]).any()
    if config.data.votes_share and voted:
        objective += f" on labels and {config.data.votes_share:.0%} annotators' votes"
    objective += config.objective.describe()
    facts = {"name": data.name, "train_samples": len(training), "landmarks": data.landmark_source}
    flipped = flipped_count(config.data.flipped_labels, len(training))
    if flipped:
        facts["flipped_labels"] = flipped
    with shapes_only():
        network = create(architecture, input_size=preprocessing.input_size, **options)
    return ModelCard(
        name=name,
        architecture=architecture,
        arguments=dict(options),
        attribution_layer=network.attribution_layer,
        classes=data.classes,
        preprocessing=preprocessing,
        prior=learned_prior(config.objective, training.targets, data.classes),
        valence_arousal=config.objective.needs_valence_arousal,
        objective=objective,
        explanation=config.model.explanation,
        data=facts,
        versions=package_versions(),
        created=time.strftime("%Y-%m-%d"),
    )
