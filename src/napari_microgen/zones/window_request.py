"""What a process window must fulfil, and the window of a finished diagram."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .axes import Axis
from .constraints import Constraint, Demand, class_demand, range_demands, support_demand
from .diagram import Diagram
from .window import Window, process_window


@dataclass(frozen=True, eq=False)
class WindowRequest:
    """What a process window must fulfil."""

    constraints: tuple[Constraint, ...]
    """Ranges of conditions and descriptors."""
    structure: str | None
    """Class that is wanted."""
    least: float
    """Probability it must have."""
    spreads: float
    """Standard deviations taken off first."""
    direction: tuple[str, ...]
    """``max NAME`` or ``min NAME``, the most important first."""
    extrapolate: bool
    """Let extrapolated cells belong to it."""

    def window(self, diagram: Diagram) -> Window:
        """Return the window of a diagram."""
        demands: list[Demand] = []
        if self.structure is not None:
            place = diagram.classes.index(self.structure)
            shares, spreads = diagram.shares[..., place], diagram.spreads[..., place]
            demands.append(
                class_demand(self.structure, shares, spreads, least=self.least, spreads=self.spreads)
            )
        x, y = diagram.x.values(), diagram.y.values()
        across, up = np.meshgrid(x, y)
        values: dict[str, Any] = {**diagram.base.values, diagram.x.name: across, diagram.y.name: up}
        values |= {name: diagram.values(name) for name in diagram.descriptors}
        demands += range_demands(self.constraints, values, diagram.shape)
        if not self.extrapolate:
            demands.append(support_demand(diagram.flags))
        return process_window(
            demands,
            x,
            y,
            x_edges=_edges(diagram.x),
            y_edges=_edges(diagram.y),
            names=(diagram.x.name, diagram.y.name),
            direction=self.direction,
        )


def _edges(axis: Axis) -> np.ndarray:
    """Return the borders of the cells along an axis: midway on its scale, and its two ends."""
    places = np.linspace(0, 1, axis.count)
    return axis.at(np.concatenate([places[:1], (places[1:] + places[:-1]) / 2, places[-1:]]))
