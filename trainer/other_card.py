"""Cards of other people's models: the small JSON file beside an ONNX file, or of a module.

    {"classes": ["anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness",
                 "surprise"],
     "size": 224, "colour": "rgb", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
     "crop": "box", "padding": 0.2, "output": "logits", "layout": "NCHW"}

Torch-free, as all cards.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic import model_validator as whole_validator

from trainer.card import Deviations, Means, ModelCard, Number, Preprocessing, reasons
from trainer.errors import ModelFileError, did_you_mean
from trainer.labels import canonical, canonical_other

ONNX_SUFFIX = ".onnx"
CARD_SUFFIX = ".json"
PIXELS = "pixels"  # the attribution layer of models that show none of their own: their input
ELSEWHERE = "trained elsewhere"  # the objective of these models
CARD_COMMAND = "fertrain models --card"
OTHER_LIMITS = (
    "Made by others: what it was trained on, and how well it works, is theirs to say. Classifies "
    "how an expression looks, not what a person feels."
)


class OtherCard(BaseModel):
    """What must be known to feed a model that this project did not train.

    `classes` are in the order of its outputs, in any words. `size` is the side of its input in px;
    `crop` where the face lies in it: aligned to this project's template, as the central `size` of
    `crop_size` px; or its upright box with `padding`, a share of the box, on each side. `mean` and
    `std` are subtracted from and divide the pixels, whose white is `white`; each is one number, or
    one for each channel, in the order of `colour`. `output` are logits or probabilities. `layout`
    is that of an ONNX file's input. `layer` names the submodule of a torch module whose features
    attributions explain; "" finds the last one that keeps places apart. The other fields are for
    the person who reads the card.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    classes: Annotated[tuple[str, ...], Field(strict=False, min_length=2)]
    size: Annotated[int, Field(ge=8, le=1024)]
    colour: Annotated[
        Literal["grey", "rgb", "bgr"], Field(validation_alias=AliasChoices("colour", "color"))
    ] = "rgb"
    white: Annotated[Number, Field(gt=0, le=65535)] = 1
    mean: Means = 0.0
    std: Deviations = 1.0
    crop: Literal["aligned", "box"] = "box"
    crop_size: Annotated[int, Field(ge=8, le=1024)] | None = None
    padding: Annotated[Number, Field(ge=0, le=2)] = 0.0
    output: Literal["logits", "probabilities"] = "logits"
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    layer: str = ""
    name: str = ""
    about: str = ""
    licence: str = ""
    limits: str = OTHER_LIMITS
    data: dict[str, Any] = {}
    metrics: dict[str, Any] = {}
    temperature: Annotated[Number, Field(gt=0, lt=1000)] = 1.0
    prior: dict[str, Annotated[Number, Field(ge=0, le=1)]] = {}

    @field_validator("colour", mode="before")
    @classmethod
    def _in_small_letters(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        name = value.lower()
        return "grey" if name in ("gray", "grayscale", "greyscale") else name

    @field_validator("classes")
    @classmethod
    def _by_project_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Known names in any words become the project's; others stay as they are."""
        mapped = tuple(_class_name(name) for name in names)
        for index, name in enumerate(mapped):
            if not name:
                raise ValueError("a class has no name")
            if name in mapped[:index]:
                first = names[mapped.index(name)]
                raise ValueError(f"{first!r} and {names[index]!r} are both the class {name}")
        return mapped

    @whole_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.crop == "box" and self.crop_size not in (None, self.size):
            raise ValueError("crop_size is only for the crop aligned; a box has padding")
        if self.crop == "aligned" and self.padding:
            raise ValueError("padding is only for the crop box; an aligned crop has crop_size")
        if self.colour == "grey" and (isinstance(self.mean, tuple) or isinstance(self.std, tuple)):
            raise ValueError("a grey model has one mean and one std, not three")
        return self

    @classmethod
    def of(cls, source: str, values: object) -> Self:
        """The card in a JSON object that `source` holds. Raises ModelFileError."""
        if not isinstance(values, Mapping):
            raise ModelFileError(f"{source}: the card is not a JSON object", _example())
        unknown = [str(name) for name in values if name not in (*cls.model_fields, "color")]
        if unknown:
            raise ModelFileError(
                f"{source}: a card has no field {unknown[0]!r}",
                did_you_mean(unknown[0], cls.model_fields, CARD_COMMAND + " FILE.onnx"),
            )
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise ModelFileError(f"{source}: {reasons(error)}", _example()) from error

    def model_card(self, name: str, architecture: str, **arguments: Any) -> ModelCard:
        """The project's card of this model, which `arguments` describe further."""
        return ModelCard(
            name=self.name or name,
            architecture=architecture,
            arguments={"output": self.output, **arguments},
            attribution_layer=PIXELS,
            classes=self.classes,
            preprocessing=self.preprocessing,
            temperature=self.temperature,
            prior={_class_name(label): share for label, share in self.prior.items()},
            objective=ELSEWHERE,
            explanation="occlusion",
            data=self.data,
            metrics=self.metrics,
            licence=self.licence,
            limits=self.limits,
            about=self.about,
        )

    @property
    def preprocessing(self) -> Preprocessing:
        return Preprocessing(
            colour=self.colour,
            template="box" if self.crop == "box" else "fer2013-68",
            padding=self.padding,
            crop_size=self.crop_size or self.size,
            input_size=self.size,
            normalisation="fixed",
            mean=_divided(self.mean, self.white),
            std=_divided(self.std, self.white),
        )


def _divided(values: Means, white: float) -> Means:
    if isinstance(values, tuple):
        red, green, blue = values
        return red / white, green / white, blue / white
    return values / white


def _class_name(name: str) -> str:
    return canonical(name) or canonical_other(name) or name.strip()


def _example() -> str:
    return (
        'A card looks like {"classes": ["anger", …], "size": 224, …}; '
        f"`{CARD_COMMAND} FILE.onnx` writes one."
    )


def card_file(onnx: Path) -> Path:
    return onnx.with_suffix(CARD_SUFFIX)


def read_other_card(onnx: Path) -> OtherCard:
    """The card beside an ONNX file. Raises ModelFileError that says how to write one."""
    file = card_file(onnx)
    if not onnx.is_file():
        raise ModelFileError(f"{onnx}: there is no such file")
    try:
        values = json.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{onnx}: an ONNX file needs a card beside it, and there is no {file.name}",
            f"`{CARD_COMMAND} {onnx}` writes one to be completed: classes, size, colours, crop.",
        ) from error
    except OSError as error:
        raise ModelFileError(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{file}: the card is not JSON ({error})") from error
    return OtherCard.of(str(file), values)


def onnx_model_card(onnx: Path) -> ModelCard:
    """The project's card of an ONNX file. Raises ModelFileError."""
    card = read_other_card(onnx)
    try:
        return card.model_card(onnx.stem, "ONNX", layout=card.layout)
    except ValidationError as error:
        raise ModelFileError(f"{card_file(onnx)}: {reasons(error)}") from error
