"""The figure of a learning rate range test."""

from pathlib import Path

from matplotlib.figure import Figure

from trainer.reports.figures import COLOURS, FAINT, save_figure, style_axes
from trainer.training.rate_curve import RateCurve


def rate_figure(curve: RateCurve, path: Path) -> None:
    """Draw the loss over the learning rate, and the rate that is suggested."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.rates, curve.losses, color=FAINT, linewidth=0.8, alpha=0.6, label="each step")
    axes.plot(curve.rates, curve.smooth, color=COLOURS[0], linewidth=1.8, label="smoothed")
    if curve.suggestion is not None:
        label = f"suggestion {curve.suggestion:g}"
        axes.axvline(curve.suggestion, color=COLOURS[1], linestyle="--", label=label)
    low = float(curve.smooth.min())
    axes.set_ylim(0.9 * low, 1.3 * float(curve.smooth[0]))  # an explosion needs no room
    axes.set_xscale("log")
    axes.set_xlabel("learning rate", color=FAINT)
    style_axes(axes, "training loss")
    axes.legend(frameon=False, fontsize=8)
    save_figure(figure, path)
