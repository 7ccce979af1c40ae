"""An ONNX file as a model: run by onnxruntime, fed as the card beside it says."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.card import ModelCard
from trainer.errors import FerError, ModelFileError
from trainer.models.other_models.other_model import OtherModel
from trainer.onnx_runtime import import_onnxruntime
from trainer.other_card import card_file, onnx_model_card

BATCH = 64  # pictures in one run: bounds the memory, which onnxruntime does not give back
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
TYPES = {  # of inputs
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
}


class OnnxModel(OtherModel):
    """It has no gradient and no layers: occlusion and RISE explain it.

    It takes as many threads as torch has in the thread that calls it.
    """

    has_gradient = False
    has_feature_layer = False

    def __init__(self, path: Path, card: ModelCard) -> None:
        super().__init__(card)
        self._path, self._is_nhwc = path, card.arguments["layout"] == "NHWC"
        self._providers: list[Any] = [CPU]
        self._threads = torch.get_num_threads()
        self._session = open_session(path, self._providers, self._threads)
        self._input, self._output = self._choose_ends()

    def __deepcopy__(self, _memo: object) -> "OnnxModel":
        return self  # nothing in it changes, and a session cannot be copied

    def place(self, device: torch.device) -> torch.device:
        if device.type == "cuda" and CUDA in _available_providers():
            self._providers = [(CUDA, {"device_id": device.index or 0}), CPU]
            self._session = open_session(self._path, self._providers, self._threads)
            if CUDA in self._session.get_providers():
                return device
        return torch.device("cpu")

    def answer(self, x: Tensor) -> Tensor:
        threads = torch.get_num_threads()
        if threads != self._threads:  # another thread, or one that leaves a core to others now
            self._session = open_session(self._path, self._providers, threads)
            self._threads = threads
        pixels = x.detach().float().cpu().numpy()
        pixels = pixels.transpose(0, 2, 3, 1) if self._is_nhwc else pixels
        kind = TYPES[self._input.type]
        pixels = np.rint(pixels) if kind is np.uint8 else pixels
        step = self._input.shape[0] if isinstance(self._input.shape[0], int) else BATCH
        parts = [self._run(pixels[i : i + step].astype(kind), step) for i in range(0, len(x), step)]
        output = torch.from_numpy(np.concatenate(parts)).to(x.device)
        return output.flatten(1) if output.shape[2:].numel() == 1 else output

    def _run(self, pixels: NDArray[Any], step: int) -> NDArray[np.float32]:
        count = len(pixels)
        if isinstance(self._input.shape[0], int) and count < step:  # made for batches of one size
            rest = np.repeat(pixels[-1:], step - count, axis=0)
            pixels = np.concatenate([pixels, rest])
        pixels = np.ascontiguousarray(pixels)
        (output,) = self._session.run([self._output.name], {self._input.name: pixels})
        return np.asarray(output, np.float32)[:count]

    def _choose_ends(self) -> tuple[Any, Any]:
        """The input and the output that are used. Raises ModelFileError where none fits."""
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise ModelFileError(
                f"{self._path}: it takes {_shapes(inputs)}; only models that take one batch of "
                "pictures can be used"
            )
        (taken,) = inputs
        if taken.type not in TYPES:
            raise ModelFileError(f"{self._path}: it takes {taken.type}, not numbers of pictures")
        self._check_input(taken)
        return taken, self._choose_output(outputs)

    def _check_input(self, taken: Any) -> None:
        sizes = self.card.preprocessing
        wanted = [sizes.channels, sizes.input_size, sizes.input_size]
        if self._is_nhwc:
            wanted = [*wanted[1:], wanted[0]]
        given = taken.shape[1:]
        if all(not isinstance(a, int) or a == b for a, b in zip(given, wanted, strict=True)):
            return
        layout = "NHWC" if self._is_nhwc else "NCHW"
        raise ModelFileError(
            f"{self._path}: its input is {_shapes([taken])}, and its card says {layout} with "
            f"{' × '.join(map(str, wanted))}",
            f"Correct size, colour or layout in {card_file(self._path).name}.",
        )

    def _choose_output(self, outputs: Sequence[Any]) -> Any:
        """That named as the card's kind of output, else the first with as many numbers."""
        kind = "probabilities" if self._gives_probabilities else "logits"
        named = [each for each in outputs if each.name == kind]
        count = len(self.card.classes)
        fitting = [each for each in outputs if len(each.shape) > 1 and each.shape[1] == count]
        return [*named, *fitting, *outputs][0]


def load_onnx(path: Path, device: torch.device | str = "cpu") -> tuple[OnnxModel, ModelCard]:
    """The model of an ONNX file and of the card beside it, ready to run.

    Raises ModelFileError: without a card or onnxruntime, for a damaged file or an operator that
    onnxruntime does not know, and where file and card do not fit together.
    """
    card = onnx_model_card(path)
    model = OnnxModel(path, card).eval()
    model.check_answers(str(path))
    model.file = path
    model.place(torch.device(device))
    return model, card


def open_session(path: Path, providers: list[Any], threads: int) -> Any:
    """Raises ModelFileError with what to do."""
    try:
        onnxruntime = import_onnxruntime()
    except FerError as error:
        raise ModelFileError(f"{path}: {error.args[0]}", error.hint) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal: errors are raised anyway
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # threads that wait in a loop would take the core that finds faces meanwhile
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(os.fspath(path), options, providers=providers)
    except Exception as error:  # the runtime has exceptions of its own
        raise ModelFileError(f"{path}: {_reason(error)}", _hint(error)) from error


def _available_providers() -> list[str]:
    return list(import_onnxruntime().get_available_providers())


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    text = text.partition(" : ")[2].partition(" : ")[2] or text  # without the runtime's codes
    return f"onnxruntime cannot open this ONNX file ({text[:240]})"


def _hint(error: Exception) -> str:
    text = str(error).lower()
    if "not_implemented" in text or "not a registered function" in text or "no op" in text:
        return "It uses an operator that this onnxruntime lacks: export it with another opset."
    if "external data" in text or ".data" in text:
        return "Its weights are in a second file, which must be in the same folder."
    if "ir_version" in text or "ir version" in text or "opset" in text:
        return "It is made for a newer onnxruntime: pip install --upgrade onnxruntime."
    return "The file is damaged or no ONNX model: copy it again from its source."


def _shapes(values: Sequence[Any]) -> str:
    return ", ".join(
        f"{each.name} ({' × '.join(str(side) for side in each.shape)})" for each in values
    )
