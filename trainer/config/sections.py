"""The sections of the configuration, but for the objective: data, model, augmentation, …

Every field has bounds, a help text and, where it has one, a unit (`json_schema_extra`).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from trainer.attribution_methods import LiveMethod
from trainer.card import Preprocessing
from trainer.device import DEVICE_PATTERN


class Section(BaseModel):
    """Named settings that belong together. Immutable; unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def setting(default: Any, help_text: str, unit: str = "", **bounds: Any) -> Any:
    """A field of a section; `bounds` are pydantic's: ge, gt, le, lt, pattern, …

    A `title` among them is its name in the form, where the field's own name does not do.
    """
    return Field(default, description=help_text, json_schema_extra={"unit": unit}, **bounds)


Share = Annotated[float, Field(ge=0, le=1)]


class DataConfig(Section):
    crop_size: int = setting(48, "Side of the aligned crop.", "px", ge=16, le=512)
    input_size: int = setting(
        44, "Side of the network's input, the centre of the crop.", "px", ge=16, le=512
    )
    normalisation: Literal["image", "fixed", "none"] = setting(
        "image",
        "Normalise by each input's own mean and standard deviation, by fixed ones, or not: the "
        "network sees pixels from 0 to 1.",
    )
    landmarks: bool = setting(
        True, "Detect landmarks and align the faces; otherwise pictures are used as they are."
    )
    votes_share: Share = setting(
        0.0, "Weight of the annotators' votes (FERPlus) in the target, where a sample has votes."
    )
    votes: Literal["soft", "majority"] = setting(
        "soft", "Votes as a distribution, or all of them for the majority class."
    )
    memory: float = setting(
        4.0,
        "Hold aligned crops in memory up to this size; a larger set is aligned on demand.",
        "GiB",
        ge=0,
    )
    drop_leaked: bool = setting(
        True, "Leave out training pictures that also appear, pixel for pixel, in another split."
    )
    review: str = setting(
        "",
        "A review.jsonl from the Inspect page: training uses its labels and leaves out what it "
        "flags.",
    )
    format: str = setting(
        "auto", "Layout of the data set, as `fertrain prepare --format` takes it."
    )
    classes: list[str] = setting(
        [], "Classes to read, such as contempt besides the seven; empty is the seven expressions."
    )
    class_map: list[str] = setting(
        [], "The data set's own labels and their classes, such as 1=surprise."
    )
    val_share: float = setting(
        0.1,
        "Share of each class that validates, where a data set states no validation pictures.",
        ge=0,
        le=0.9,
    )
    val_seed: int = setting(0, "Random seed of that draw.", ge=0, lt=2**31)
    bad_share: float = setting(
        0.01,
        "Largest share of unreadable pictures in class folders that is skipped; more are an error.",
        title="Unreadable share",
        ge=0,
        le=0.9,
    )
    faces_only: bool = setting(
        False,
        "Leave out pictures in which no face is detected, from training and validation.",
    )
    also: list[str] = setting(
        [],
        "Further data sets (files or folders) that add to the training pictures; their classes "
        "are matched by name. Pictures without a detected face are left out.",
        title="Further data sets",
    )
    also_limit: int = setting(
        0,
        "Maximum samples per class from each further data set; 0 is no limit.",
        "samples",
        ge=0,
    )
    limit: int = setting(
        0,
        "Maximum training samples, with the class shares kept and at least one per class; 0 is no "
        "limit.",
        "samples",
        ge=0,
    )
    flipped_labels: Share = setting(
        0.0,
        "Share of the training labels that are replaced by another class, drawn at random, to "
        "measure what wrong labels cost. Validation keeps its labels.",
    )
    flipped_seed: int = setting(0, "Random seed of that draw.", ge=0, lt=2**31)

    @property
    def preprocessing(self) -> Preprocessing:
        crop, side, normalisation = self.crop_size, self.input_size, self.normalisation
        if normalisation == "none":
            return Preprocessing(
                crop_size=crop, input_size=side, normalisation="fixed", mean=0.0, std=1.0
            )
        return Preprocessing(crop_size=crop, input_size=side, normalisation=normalisation)


class ModelConfig(Section):
    name: str = setting(
        "compact", "Architecture; `fertrain models` lists them.", title="Architecture"
    )
    options: dict[str, Any] = setting({}, "Options of the architecture.")
    init: str = setting(
        "",
        "Initial weights: a model (bundled name or file), a weights file, or imagenet, which "
        "downloads torchvision's from pytorch.org.",
        title="Start from model",
    )
    keep_init: bool = setting(
        False,
        "Keep the weights of `init` as the best model unless an epoch beats them; otherwise they "
        "are only compared with it.",
    )
    explanation: LiveMethod = setting(
        "grad_x_input", "Attribution method with which evaluations explain the model."
    )


class AugmentConfig(Section):
    flip: Share = setting(0.5, "Probability of a horizontal flip.")
    rotation: float = setting(10.0, "Maximum rotation.", "degrees", ge=0, le=45)
    scale: float = setting(0.15, "Maximum relative change of scale.", ge=0, le=0.5)
    stretch: float = setting(0.08, "Maximum relative change of the aspect ratio.", ge=0, le=0.5)
    shift: float = setting(0.06, "Maximum shift, as a share of the side.", ge=0, le=0.5)
    gamma: float = setting(0.3, "Maximum relative change of gamma.", ge=0, le=1)
    blur: Share = setting(0.1, "Probability of a light blur.")
    noise: float = setting(
        0.02, "Maximum standard deviation of added noise; full scale is 1.", ge=0, le=0.5
    )
    brightness: float = setting(0.0, "Maximum relative change of brightness.", ge=0, lt=1)
    contrast: float = setting(0.0, "Maximum relative change of contrast.", ge=0, lt=1)
    light: Share = setting(
        1.0, "Probability of changing brightness and contrast.", title="Light changes"
    )
    crop: Literal["centre", "five", "random"] = setting(
        "centre",
        "Where a view is cut from the crop: its centre, the centre or a corner, or anywhere.",
    )
    area: float = setting(
        1.0,
        "Minimum share of the crop's area in a view (RandomResizedCrop); 1 switches it off.",
        title="Min. crop area",
        gt=0,
        le=1,
    )
    aspect: float = setting(
        4 / 3,
        "Maximum aspect ratio of a RandomResizedCrop; 1 keeps it square.",
        title="Crop aspect ratio",
        ge=1,
        le=4,
    )
    erase: Share = setting(0.25, "Probability of erasing a random box.", title="Random erasing")
    erase_fill: Literal["mean", "noise"] = setting(
        "mean",
        "What erases: the picture's mean in 10 to 40 % of each side, or noise in 2 to 33 % of the "
        "area.",
        title="Erasing fill",
    )
    mixup: float = setting(0.2, "α of mixup's Beta distribution; 0 switches it off.", ge=0, le=2)
    cutmix: float = setting(0.0, "α of CutMix's Beta distribution; 0 switches it off.", ge=0, le=2)
    start_side: int = setting(
        0,
        "Side of the inputs at the start (progressive resizing); 0 switches it off.",
        "px",
        title="Progressive size",
        ge=0,
        le=512,
    )
    start_share: Share = setting(
        0.5, "Share of the epochs with inputs of `start_side`.", title="Progressive share"
    )


class OptimConfig(Section):
    layers: Literal["all", "head"] = setting(
        "all",
        "What is trained: all layers, or the classifier alone. The rest stays fixed, running "
        "statistics included.",
    )
    epochs: int = setting(30, "Passes over the training data.", "epochs", ge=1, le=10000)
    batch_size: int = setting(
        128, "Samples per forward pass and process.", "samples", ge=1, le=65536
    )
    accumulate: int = setting(
        1, "Forward passes whose gradients add up to one step.", ge=1, le=1024
    )
    optimizer: Literal["sgd", "adam"] = setting("sgd", "SGD with momentum, or Adam.")
    learning_rate: float = setting(0.1, "Peak learning rate, or the initial one.", gt=0, le=10)
    schedule: Literal["one_cycle", "step", "constant"] = setting(
        "one_cycle", "Learning rate: rise and fall once, fall by `step_factor`, or constant."
    )
    warmup: Share = setting(0.2, "one_cycle: share of the steps in which the rate rises.")
    step_epochs: int = setting(20, "step: epochs between two falls.", "epochs", ge=1)
    step_factor: float = setting(0.1, "step: factor by which the learning rate falls.", gt=0, le=1)
    momentum: float = setting(0.9, "Momentum of SGD.", ge=0, lt=1)
    nesterov: bool = setting(True, "SGD: Nesterov's momentum; otherwise plain momentum.")
    weight_decay: float = setting(
        5e-4, "L2 penalty on the weights of convolutions and linear layers.", ge=0, le=1
    )
    decay_norms: bool = setting(
        False, "The same penalty on all other parameters: norms and biases.", title="Decay norms"
    )
    ema: float = setting(
        0.998,
        "Decay of the moving average of the weights, which is the model that is saved; 0 switches "
        "it off.",
        title="EMA decay",
        ge=0,
        lt=1,
    )
    clip: float = setting(
        5.0, "Maximum gradient norm; 0 is no limit.", title="Gradient clipping", ge=0
    )
    patience: int = setting(
        0,
        "Early stopping: epochs without a better validation accuracy after which the run ends; 0 "
        "switches it off. one_cycle is at its best in its last epochs.",
        "epochs",
        title="Early stopping",
        ge=0,
        le=10000,
    )


class RunConfig(Section):
    seed: int = setting(0, "Random seed.", ge=0, lt=2**31)
    validations: int = setting(1, "Validations per epoch, evenly spaced.", ge=1, le=1000)
    loaders: int = setting(2, "Threads that prepare the next batches.", "threads", ge=1, le=64)
    device: str = setting("auto", "auto, cpu, cuda, cuda:N or mps.", pattern=DEVICE_PATTERN)
    precision: Literal["auto", "fp32", "bf16"] = setting(
        "auto", "auto: bf16 autocast where the device computes it faster than fp32, fp32 elsewhere."
    )
    keep_epochs: bool = setting(
        False,
        "Keep every epoch's model, for the time machine; otherwise the best and the last.",
        title="Keep every epoch's model",
    )
    stop_diverged: bool = setting(
        True,
        "Stop a run whose loss explodes or that predicts one class only, and say which learning "
        "rate to try.",
        title="Stop if it diverges",
    )
    budget_minutes: float = setting(
        0.0,
        "Time for training and validation, over all resumes: the run then ends in order, with its "
        "best model; 0 is no limit. The schedule stays that of all epochs.",
        "minutes",
        title="Time budget",
        ge=0,
    )
    tensorboard: bool = setting(
        False,
        "Also write event files for TensorBoard, which `pip install tensorboard` installs.",
        title="TensorBoard files",
    )
    threads: int = setting(0, "CPU threads; 0 leaves it to torch.", "threads", ge=0, le=1024)
