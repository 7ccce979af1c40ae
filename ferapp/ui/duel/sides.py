"""The two sides of a comparison: which model, and which attribution method. No Qt."""

from dataclasses import dataclass

from ferapp.live.status import LiveStatus, ModelState, ModelStatus
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.vision.overlay_methods import OVERLAY_METHODS, fallback_method

A, B = "A", "B"


@dataclass(frozen=True, slots=True)
class Side:
    """`spec` as `load_model` takes it, `model` its title in the menus; both "" until it is loaded.

    `method` makes its maps.
    """

    spec: str
    model: str
    method: str

    @property
    def title(self) -> str:
        """`twin-pal · Grad × Input`."""
        return f"{self.model} · {OVERLAY_METHODS[self.method].title}"


@dataclass(frozen=True, slots=True)
class Sides:
    """`notice` says why there is no second side, or not yet."""

    first: Side
    second: Side
    notice: str = ""

    @property
    def have_one_model(self) -> bool:
        """Then both give the same answer, and only the maps can differ."""
        return self.first.spec == self.second.spec

    @property
    def is_itself(self) -> bool:
        """Whether there is nothing to compare."""
        return not self.notice and self.first == self.second


def compared_sides(status: LiveStatus, style: OverlayStyle) -> Sides | None:
    """What is compared now; None without a comparison."""
    second = status.second_model
    if second is None:
        return None
    notice = ""
    if second.notice:
        notice = second.notice
    elif not second.name or ModelState.LOADING in (status.model.state, second.state):
        notice = "Loading the model…"
    other_method = status.second_method or style.method
    return Sides(
        _side(status, status.model, style.method), _side(status, second, other_method), notice
    )


def offered_methods(status: LiveStatus) -> tuple[str, ...]:
    """The methods that the first side can take: all of its model but the second side's."""
    is_taken = status.second_model is not None and status.second_model.spec == status.model.spec
    methods = status.model.methods
    return tuple(name for name in methods if not is_taken or name != status.second_method)


def served_method(model: ModelStatus, method: str) -> str:
    """`method`, or the one that replaces it where the model cannot serve it."""
    is_served = not model.methods or method in model.methods
    return method if is_served else fallback_method(model.methods)


def _side(status: LiveStatus, model: ModelStatus, method: str) -> Side:
    listed = next((info for info in status.models if info.spec == model.spec), None)
    title = listed.name if listed is not None and model.spec else model.name
    return Side(model.spec, title, served_method(model, method))
