"""The plots of a latent space as self-contained SVG."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..generate.latent_space import Components, NormalFit
from ..regress.svg import COLOURS, Canvas, padded

_SIZE: dict[str, Any] = {"width": 480, "height": 340, "left": 70}
MOST_POINTS = 500
"""Points of a stage that are drawn."""


def scatter(scores: Mapping[str, np.ndarray], components: Components) -> str:
    """Return the vectors of each stage as points in the first two components (Fig. 5b); empty if one."""
    shown = {name: points[:MOST_POINTS] for name, points in scores.items()}
    everything = np.concatenate(list(shown.values()))
    if everything.shape[1] < 2:
        return ""
    canvas = Canvas(
        padded(everything[:, 0]), padded(everything[:, 1]), "latent vectors", legend=list(shown), **_SIZE
    )
    share = components.explained
    canvas.abscissa(f"component 1 ({100 * share[0]:.0f} % of the variance)")
    canvas.ordinate(f"component 2 ({100 * share[1]:.0f} %)")
    for number, (name, points) in enumerate(shown.items()):
        for row, (x, y) in enumerate(points[:, :2].tolist()):
            canvas.point(x, y, COLOURS[number % len(COLOURS)], f"{name}, patch {row + 1}", 2.0)
    return canvas.svg()


def density(edges: np.ndarray, densities: np.ndarray) -> str:
    """Return the distribution of the latent numbers: the middle one of all, and their ends (Fig. 5a)."""
    middle = (edges[1:] + edges[:-1]) / 2
    lines = {
        "highest of all": densities.max(0),
        "middle of all": np.median(densities, axis=0),
        "lowest of all": densities.min(0),
    }
    return curves("latent numbers", "value", "density", middle, lines)


def by_dimension(fits: Mapping[str, NormalFit], what: str) -> str:
    """Return means or deviations of the latent numbers of each stage (Fig. 5c, d)."""
    lines = {name: getattr(fit, what) for name, fit in fits.items()}
    count = len(next(iter(lines.values())))
    return curves(f"{what} by latent number", "latent number", what, np.arange(1, count + 1), lines)


def probes(rows: Sequence[Mapping[str, Any]], component: int, over: str) -> str:
    """Return quantiles of a component of random vectors over their mean or deviation (Fig. 7)."""
    first = min(row["deviation"] for row in rows)
    chosen = [row for row in rows if (row["deviation"] == first if over == "mean" else row["mean"] == 0)]
    chosen.sort(key=lambda row: row[over])
    x = np.array([row[over] for row in chosen])
    quantiles = np.array([row["scores"][component] for row in chosen]).T
    names = ("smallest", "25 %", "middle", "75 %", "largest")
    lines = dict(zip(names, quantiles, strict=True))
    return curves("random latent vectors", f"their {over}", f"component {component + 1}", x, lines)


def curves(title: str, abscissa: str, ordinate: str, x: np.ndarray, lines: Mapping[str, np.ndarray]) -> str:
    """Return lines over a common abscissa."""
    everything = np.concatenate(list(lines.values()))
    canvas = Canvas(padded(x, 0.02), padded(everything), title, legend=list(lines), **_SIZE)
    canvas.abscissa(abscissa)
    canvas.ordinate(ordinate)
    for number, y in enumerate(lines.values()):
        points = " ".join(
            f"{canvas.x(a):.1f},{canvas.y(b):.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)
        )
        colour = COLOURS[number % len(COLOURS)]
        canvas.parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
    return canvas.svg()
