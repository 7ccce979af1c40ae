"""Export a model as one self-contained ONNX file, checked against torch before it is written."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.card import ModelCard
from trainer.data import face_data
from trainer.data.crops import align_all, centre, normalise
from trainer.errors import FerError
from trainer.files import asset, write_atomic, write_json
from trainer.models.registry import FerModel
from trainer.onnx_runtime import import_onnxruntime
from trainer.other_card import card_file

if TYPE_CHECKING:
    from onnx import ModelProto

SUFFIX = ".onnx"
PIXELS, OUTPUTS = "pixels", ("logits", "probabilities")
CHECK_BATCHES = (1, 2, 5, 16)  # batch sizes of the check
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True)
class OnnxExport:
    """The written file: shapes by name, and the largest difference from torch."""

    out: str
    bytes: int
    opset: int
    inputs: dict[str, list[str | int]]
    outputs: dict[str, list[str | int]]
    max_difference: float
    faces: int
    batch_sizes: tuple[int, ...] = CHECK_BATCHES

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def export_onnx(out: Path, network: FerModel, card: ModelCard) -> OnnxExport:
    """Write `network`, on the CPU and in evaluation mode, to `out`, whole or not at all.

    Beside it, with the suffix .json, the card with which this project opens it again.

    The input `pixels` (B, 1, s, s) are grey faces in [0, 1], aligned and cropped as the card says;
    the normalisation is in the graph. The outputs are `logits` (B, K) and `probabilities` (B, K),
    softmax(logits / temperature). B is dynamic. The metadata holds `classes`, `preprocessing` and
    `card` as JSON, `temperature` and `licence`.

    Raises FerError if packages are missing, if the network cannot be expressed in ONNX, or if its
    outputs there differ from torch's.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401

        import_onnxruntime()
    except (ImportError, FerError) as error:
        raise FerError(
            f"ONNX export needs packages that are not installed: {error}",
            "Install them: uv sync --extra export, or pip install onnx onnxscript onnxruntime.",
        ) from error
    exported = _ExportedModel(network, card).eval()
    proto = _convert(exported, card)
    onnx.helper.set_model_props(proto, _metadata(card))
    content = proto.SerializeToString()
    faces = _check_faces(card)
    difference = largest_difference(content, exported, faces)
    if not difference <= TOLERANCE:  # NaN fails too
        raise FerError(
            f"{out}: not written, because ONNX's outputs differ from torch's by {difference:.2g} "
            f"(tolerance {TOLERANCE:g})",
            f"Architecture {card.architecture}. Another version of torch or onnxruntime may help.",
        )
    write_json(card_file(out), _other_card(card))
    write_atomic(out, lambda stream: stream.write(content))
    return OnnxExport(
        out=str(out),
        bytes=len(content),
        opset=max(o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")),
        inputs=_shapes(proto.graph.input),
        outputs=_shapes(proto.graph.output),
        max_difference=difference,
        faces=len(faces),
    )


def _other_card(card: ModelCard) -> dict[str, Any]:
    """Its pixels are in [0, 1]: the graph normalises them."""
    sizes = card.preprocessing
    return {
        "name": card.name,
        "about": card.about,
        "classes": list(card.classes),
        "size": sizes.input_size,
        "colour": sizes.colour,
        "crop": "aligned",
        "crop_size": sizes.crop_size,
        "output": "logits",
        "layout": "NCHW",
        "temperature": card.temperature,
        "prior": card.prior,
        "data": card.data,
        "metrics": card.metrics,
        "licence": card.licence,
        "limits": card.limits,
    }


class _ExportedModel(nn.Module):
    """A network with its normalisation before it and its probabilities after it."""

    def __init__(self, network: FerModel, card: ModelCard) -> None:
        super().__init__()
        self.network, self._card = network, card

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network(normalise(pixels, self._card.preprocessing))
        return logits, torch.softmax(logits / self._card.temperature, dim=1)


def _convert(exported: _ExportedModel, card: ModelCard) -> "ModelProto":
    side = card.preprocessing.input_size
    try:
        with warnings.catch_warnings(action="ignore"):  # torch warns about its own code
            program = torch.onnx.export(
                exported,
                (torch.rand(2, 1, side, side),),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=[PIXELS],
                output_names=OUTPUTS,
                external_data=False,
                verbose=False,
            )
    except Exception as error:  # the tracer may raise anything
        raise FerError(
            f"{card.name}: the network {card.architecture} cannot be expressed in ONNX "
            f"({_cause(error)})",
            "Control flow that depends on values cannot be traced. "
            "Every model can be exported as .safetensors.",
        ) from error
    assert program is not None
    proto: ModelProto = program.model_proto
    fixed_batch = proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value
    if fixed_batch:
        raise FerError(
            f"{card.name}: the network {card.architecture} cannot be expressed in ONNX "
            f"(it works only for batches of {fixed_batch}, the size it was traced with)",
            "In its code, len(x) and int(x.shape[0]) fix the batch size; x.shape[0] does not.",
        )
    graph = proto.graph  # the exporter records paths and source lines of this computer
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        del part.metadata_props[:]
    sizes = card.preprocessing
    graph.input[0].doc_string = (
        f"Grey faces in [0, 1]: the central {side} × {side} px of crops of {sizes.crop_size} px, "
        f"aligned to the template {sizes.template}. Not normalised: the graph normalises them."
    )
    proto.doc_string = card.summary
    return proto


def _metadata(card: ModelCard) -> dict[str, str]:
    return {
        "name": card.name,
        "classes": json.dumps(card.classes, ensure_ascii=False),
        "preprocessing": json.dumps(dict(card.preprocessing)),
        "temperature": repr(card.temperature),
        "licence": card.licence,
        "card": card.to_json(),
    }


def _check_faces(card: ModelCard) -> Tensor:
    """Faces of the bundled example for CHECK_BATCHES, (N, 1, s, s) in [0, 1]."""
    data = face_data.load(asset("example"))
    rows = np.linspace(0, len(data) - 1, sum(CHECK_BATCHES)).astype(np.int64)
    sizes = card.preprocessing
    crops = align_all(data.select(rows), sizes).pixels[:]
    return centre(crops, sizes.input_size).float().div(255)[:, None]


def largest_difference(content: bytes, exported: nn.Module, faces: Tensor) -> float:
    """Between the outputs of the serialised model and of torch for `faces`, in CHECK_BATCHES.

    Relative to the largest output if that is above 1. Raises FerError if the model cannot be run.
    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal: errors are raised anyway
    differences = [0.0]
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        for batch in torch.split(faces, list(CHECK_BATCHES)):
            onnx_outputs: Sequence[NDArray[np.float32]] = session.run(
                OUTPUTS, {PIXELS: batch.numpy()}
            )
            with torch.inference_mode():
                torch_outputs = exported(batch)
            for actual, expected in zip(onnx_outputs, torch_outputs, strict=True):
                difference = (torch.from_numpy(actual) - expected).abs().max()
                differences.append(float(difference / expected.abs().max().clamp_min(1)))
    except Exception as error:  # the runtime has its own exceptions
        raise FerError(
            f"onnxruntime cannot run the model: {_cause(error)}", "Nothing was written."
        ) from error
    return float(np.max(differences))  # NaN stays NaN


def _shapes(values: Any) -> dict[str, list[str | int]]:
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in values
    }


def _cause(error: BaseException) -> str:
    """The first line of the original error: exporters wrap it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0] or type(error).__name__
