"""Attribution of a score to the features of a layer, and as maps over a model's inputs."""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainer.attribution.on_demand import many_pass_attribution
from trainer.attribution.score_cam import score_cam
from trainer.attribution_methods import (
    DEFAULT_METHOD,
    METHODS,
    REFUSALS,
    AttributionMethod,
    Cost,
    Requirement,
    find_method,
)
from trainer.errors import UsageError
from trainer.models.registry import FerModel

LAYER_METHODS = tuple(method.name for method in METHODS.values() if method.group == "layer")
_AT_A_LAYER = (*LAYER_METHODS, *(m.name for m in METHODS.values() if m.group == "channels"))
RECTIFIED = ("gradcam", "gradcam_pp", "layercam")  # only what speaks for the class remains
INPUT_LAYER = "input"  # in place of a layer's name: the input itself
PIXELS_PREFIX = "pixels_"  # before the layer method that a method of the pixels applies to them
Target = Literal["predicted", "runner_up"] | int | Tensor


@dataclass(frozen=True, slots=True)
class AttributionResult:
    """Signed `maps` (B, H, W), and the `logits` (B, K) of the inputs.

    `delta` (B,) is the completeness error of integrated gradients: the map's sum less the
    difference between the score and that of the grey picture. None for other methods.
    """

    logits: Tensor
    maps: Tensor
    delta: Tensor | None = None


def available_methods(model: FerModel, cost: Cost | None = None) -> list[str]:
    """The methods (of one cost) that `model` can serve at its own layer, in the table's order."""
    return [
        method.name
        for method in METHODS.values()
        if cost in (None, method.cost) and missing_requirement(model, method) is None
    ]


def unavailable_methods(model: FerModel) -> dict[str, str]:
    """The other methods, and what `model` lacks for each."""
    missing = {name: missing_requirement(model, method) for name, method in METHODS.items()}
    return {name: REFUSALS[need] for name, need in missing.items() if need is not None}


def missing_requirement(model: FerModel, method: AttributionMethod) -> Requirement | None:
    """What `model` lacks to serve a method at its own layer; None where it can."""
    return next((need for need in method.needs if not _meets(model, need)), None)


def _meets(model: FerModel, requirement: Requirement) -> bool:
    match requirement:
        case "gradient":
            return model.has_gradient
        case "feature_layer":
            return model.has_feature_layer
        case "linear_head":
            return model.linear_head is not None
        case "no_linear_head":
            return model.linear_head is None
        case "class_map":
            return model.has_class_map
        case _:
            return requirement in model.spatial_attention


def layer_attribution(
    score: Tensor, features: Tensor, method: str, create_graph: bool = False
) -> Tensor:
    """Attribution of `score` (B,) to `features` (B, C, h, w), of the features' shape, signed.

    grad: ∂S/∂F. grad_x_input: (∂S/∂F) · F (Shrikumar et al. 2016); abs_grad_x_input: |∂S/∂F| · F.
    gradcam: mean of ∂S/∂F over space, · F (Selvaraju et al. 2017). gradcam_pp: weights Σ α ReLU(∂)
    with α of second and third powers (Chattopadhay et al. 2018). layercam: ReLU(∂S/∂F) · F (Jiang
    et al. 2021). cam: the weights of the linear layer, · F (Zhou et al. 2016), which behind
    average pooling are h·w · ∂S/∂F. attention: F / C, whatever the score. `create_graph=True` lets
    a loss on the attribution reach the weights. Raises UsageError for other methods.
    """
    if find_method(method).group != "layer":
        raise UsageError(
            f"{method} is no attribution to the features of a layer",
            f"Attributions to features: {', '.join(LAYER_METHODS)}.",
        )
    if method == "attention":
        return features / features.shape[1]
    (gradient,) = torch.autograd.grad(score.sum(), features, create_graph=create_graph)
    match method:
        case "grad":
            return gradient
        case "abs_grad_x_input":
            gradient = gradient.abs()
        case "gradcam":
            gradient = gradient.mean(dim=(2, 3), keepdim=True)
        case "gradcam_pp":
            gradient = _gradcam_pp_weights(gradient, features)
        case "layercam":
            gradient = gradient.relu()
        case "cam":
            gradient = gradient * (features.shape[2] * features.shape[3])
    return gradient * features


def _gradcam_pp_weights(gradient: Tensor, features: Tensor) -> Tensor:
    """(B, C, 1, 1) of Grad-CAM++, eq. 19, for the exponential of the score: powers of ∂S/∂F."""
    below = 2 * gradient**2 + features.sum(dim=(2, 3), keepdim=True) * gradient**3
    alpha = torch.where(below == 0, 0.0, gradient**2 / torch.where(below == 0, 1.0, below))
    return (alpha * gradient.relu()).sum(dim=(2, 3), keepdim=True)


def reduce_channels(attribution: Tensor, method: str) -> Tensor:
    """The sum over the channels of a `layer_attribution` (B, C, h, w): (B, 1, h, w).

    The Grad-CAM family leaves out what speaks against the class.
    """
    reduced = attribution.sum(dim=1, keepdim=True)
    return reduced.relu() if method in RECTIFIED else reduced


def attribute(
    model: FerModel,
    x: Tensor,
    method: str = DEFAULT_METHOD,
    target: Target = "predicted",
    layer: str | None = None,
) -> Tensor:
    """Attribution maps (B, H, W) of inputs x (B, C, H, W) by any of `METHODS`.

    Raises UsageError for an unknown method, and where the network or layer cannot serve it.
    """
    return attribute_with_logits(model, x, method, target, layer).maps


def attribute_with_logits(
    model: FerModel,
    x: Tensor,
    method: str = DEFAULT_METHOD,
    target: Target = "predicted",
    layer: str | None = None,
    *,
    shift: Tensor | None = None,
) -> AttributionResult:
    """As `attribute`; the logits come from the same forward pass where the method has but one.

    Maps of a layer are enlarged to the input's size. Only the part of the network behind `layer`
    (by default the model's `attribution_layer`, or "input") is differentiated, which for a late
    layer costs next to nothing. The map of "predicted" explains the largest logit, after adding
    `shift` (K,) if it is given: a prior may decide which class is predicted, but the score that is
    explained is the network's own. Maps of the group attention are above their least value. The
    network must be in evaluation mode.
    """
    chosen = find_method(method)
    check_served(model, chosen, layer)
    if chosen.group == "layer":
        return _gradient_maps(model, x, method, target, layer or model.attribution_layer, shift)
    if chosen.group == "channels":
        return _score_cam_maps(model, x, target, layer or model.attribution_layer, shift)
    if chosen.group == "pixels":
        method = method.removeprefix(PIXELS_PREFIX)
        return _gradient_maps(model, x, method, target, INPUT_LAYER, shift)
    with torch.no_grad():
        logits = model(x)
        classes = target_classes(logits, target, shift)
        if chosen.group in ("class_map", "attention"):
            by_class = chosen.group == "class_map"
            own = model.class_map(x, classes) if by_class else _above_least(model, x, method)
            return AttributionResult(logits, _enlarge(own[:, None], x)[:, 0])
    maps, delta = many_pass_attribution(model, x, method, classes)
    return AttributionResult(logits, maps, delta)


def check_served(model: FerModel, method: AttributionMethod, layer: str | None) -> None:
    """Raise UsageError, with what is lacking, where `model` cannot serve a method at `layer`.

    None is the method's own place: the model's `attribution_layer`, or the input.
    """
    is_of_layer = method.name in _AT_A_LAYER
    if not is_of_layer and layer is not None:
        raise UsageError(
            f"{method.name} explains the whole network: there is no layer to choose",
            f"At a layer: {', '.join(_AT_A_LAYER)}.",
        )
    missing = missing_requirement(model, method)
    if is_of_layer and layer not in (None, model.attribution_layer) and missing != "gradient":
        # it is not the layer before pooling, and it may be any other
        missing = "linear_head" if method.requires == "linear_head" else None
    if missing is not None:
        available = ", ".join(available_methods(model))
        raise UsageError(
            f"{method.name}: {REFUSALS[missing]}", f"This network can be explained by {available}."
        )


def _score_cam_maps(
    model: FerModel, x: Tensor, target: Target, layer: str, shift: Tensor | None
) -> AttributionResult:
    with torch.no_grad():
        logits, features = forward_with_leaf(model, x, layer)
        classes = target_classes(logits, target, shift)
        return AttributionResult(logits, _enlarge(score_cam(model, x, classes, features), x)[:, 0])


def _above_least(model: FerModel, x: Tensor, method: str) -> Tensor:
    """Attention (B, h, w) above that to the place which gets least: even attention is blank."""
    maps = model.attention_maps(x)[method]
    return maps - maps.amin(dim=(1, 2), keepdim=True)


def _gradient_maps(
    model: FerModel, x: Tensor, method: str, target: Target, layer: str, shift: Tensor | None
) -> AttributionResult:
    with torch.enable_grad():
        logits, features = forward_with_leaf(model, x, layer)
        classes = target_classes(logits.detach(), target, shift)
        score = logits.gather(1, classes[:, None])[:, 0]
        attribution = layer_attribution(score, features, method).detach()
    maps = _enlarge(reduce_channels(attribution, method), x)[:, 0]
    return AttributionResult(logits.detach(), maps)


def class_activation_maps(model: FerModel, x: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (B, K) and the Grad*Input maps (B, K, H, W) of every class from one forward pass.

    Behind the global average pooling of features F (C, h, w) and a linear layer, ∂S_k/∂F is
    w_k / (h·w): Grad*Input is the class activation map (Zhou et al. 2016, eq. 2) and no backward
    pass is needed. A map at the layer's own size sums to the logit without its bias. Raises
    UsageError for a network without a `linear_head`. The network must be in evaluation mode.
    """
    head = model.linear_head
    if head is None:
        raise UsageError("only a network that ends in pooling and one linear layer has all maps")
    with torch.no_grad():
        logits, features = forward_with_leaf(model, x, model.attribution_layer)
        area = features.shape[-2] * features.shape[-1]
        maps = F.conv2d(features, head.weight[:, :, None, None] / area)
        return logits, _enlarge(maps, x)


def target_classes(logits: Tensor, target: Target, shift: Tensor | None = None) -> Tensor:
    """The class index (B,) that `target` names for each row of `logits` (B, K) + `shift` (K,)."""
    if isinstance(target, Tensor):
        return target.to(logits.device)
    if isinstance(target, int):
        if not 0 <= target < logits.shape[1]:
            raise UsageError(f"there is no class {target} among {logits.shape[1]}")
        return torch.full((len(logits),), target, device=logits.device)
    if target not in ("predicted", "runner_up"):
        raise UsageError(f"there is no target {target!r}", "Known: predicted, runner_up, a class.")
    ranked = logits if shift is None else logits + shift
    return ranked.topk(2, dim=1).indices[:, 0 if target == "predicted" else 1]


def _enlarge(maps: Tensor, x: Tensor) -> Tensor:
    """(B, M, h, w) → (B, M, H, W), the size of the inputs."""
    return F.interpolate(maps, size=x.shape[-2:], mode="bilinear", align_corners=False)


def forward_with_leaf(model: FerModel, x: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """Logits, and the output of `layer` as the leaf that the logits are differentiable in."""
    if layer == INPUT_LAYER:
        pixels = x.detach().requires_grad_()
        return model(pixels), pixels
    modules = dict(model.named_modules())
    if layer not in modules or not layer:
        names = ", ".join(name for name in modules if name and name.count(".") < 2)
        raise UsageError(f"the model has no layer {layer!r}", f"It has: {names}, {INPUT_LAYER}.")
    leaf: list[Tensor] = []

    def cut(_module: nn.Module, _args: object, output: Tensor) -> Tensor:
        leaf.append(output.detach().requires_grad_())
        return leaf[0]

    handle = modules[layer].register_forward_hook(cut)
    try:
        logits: Tensor = model(x)
    finally:
        handle.remove()
    if leaf[0].ndim != 4:
        raise UsageError(f"the layer {layer!r} has no spatial map: its shape is {leaf[0].shape}")
    return logits, leaf[0]
