"""The pictures of a diagram: collage, most probable class, probability, and each descriptor."""

from collections.abc import Sequence

import numpy as np

from .collage import Collage
from .contours import coloured, contour_lines
from .diagram import CellResult, Diagram
from .hatching import HATCHES
from .panels import CLASS_COLOURS, Colour, Frame, Panel, Spot, grey_picture, of_cells, of_corners


def panels_of(
    diagram: Diagram,
    collage: Collage,
    grey: tuple[float, float],
    *,
    flags: np.ndarray | None = None,
    structure: str | None = None,
) -> list[tuple[Panel, Frame]]:
    """Return the pictures of a diagram, each with its frame.

    Parameters
    ----------
    diagram : Diagram
        What to draw.
    collage : Collage
        Its images, painted.
    grey : (float, float)
        Grey values drawn black and white.
    flags : ndarray of str, optional
        Support flag of each patch of a scatter collage; left out for a grid, which has those of its cells.
    structure : str, optional
        Class whose probability is drawn; that of the most probable class of each cell if left out.
    """
    grid = Frame(diagram.x, diagram.y, cells=True)
    own = {"spots": _spots(diagram), "flags": diagram.flags[::-1], **_window(diagram)}
    picture = grey_picture(collage.image, *grey)
    title = f"{diagram.y.name} by {diagram.x.name}: generated structures"
    if flags is None:
        drawn = collage.of_cells(diagram.flags.ravel(), "")
        panel = Panel("collage", title, picture, marks=_marks(diagram.flags), **{**own, "flags": drawn})
        found = [(panel, grid)]
    else:
        drawn = collage.of_cells(flags, "")
        picture[collage.owner < 0] = 255
        panel = Panel("collage", title, picture, flags=drawn, marks=_marks(flags))
        found = [(panel, Frame(diagram.x, diagram.y, cells=False))]
    if diagram.classes:
        found.append((_classes(diagram, own), grid))
        found.append((_probability(diagram, own, structure), grid))
    for name in diagram.descriptors:
        found += [(panel, grid) for panel in _descriptor(diagram, own, name)]
    return found


def class_colours(classes: Sequence[str]) -> tuple[Colour, ...]:
    """Return the colour of each class."""
    return tuple(CLASS_COLOURS[n % len(CLASS_COLOURS)] for n in range(len(classes)))


def boundaries(classes: np.ndarray) -> list[np.ndarray]:
    """Return the borders between cells of different class, each as two places from 0 to 1.

    Parameters
    ----------
    classes : ndarray of int, shape (rows, columns)
        Class of each cell, row 0 at the low end of the ordinate.

    Examples
    --------
    >>> [line.tolist() for line in boundaries(np.array([[0, 1]]))]
    [[[0.5, 0.0], [0.5, 1.0]]]
    """
    rows, columns = classes.shape
    lines = []
    for j, i in np.argwhere(classes[:, 1:] != classes[:, :-1]):
        lines.append(np.array([[i + 1, j], [i + 1, j + 1]]) / [columns, rows])
    for j, i in np.argwhere(classes[1:] != classes[:-1]):
        lines.append(np.array([[i, j + 1], [i + 1, j + 1]]) / [columns, rows])
    return lines


def _classes(diagram: Diagram, own: dict) -> Panel:
    best = diagram.best_class
    colours = class_colours(diagram.classes)
    picture = np.array(colours, np.uint8)[best[::-1]]
    there = [n for n in range(len(colours)) if (best == n).any()]
    keys = [(diagram.classes[n], colours[n]) for n in there]
    lines = [("", line) for line in boundaries(best)]
    return Panel(
        "classes",
        "most probable structure",
        picture,
        keys=keys,
        lines=lines,
        marks=_marks(diagram.flags),
        coloured=True,
        **own,
    )


def _probability(diagram: Diagram, own: dict, structure: str | None) -> Panel:
    shares, title = diagram.shares.max(axis=-1), "probability of the most probable structure"
    if structure is not None:
        shares, title = diagram.shares[..., diagram.classes.index(structure)], f"probability of {structure}"
    return Panel(
        "probability",
        title,
        coloured(shares[::-1], 0.0, 1.0),
        lines=_contours(shares),
        bar=(0.0, 1.0, "probability"),
        marks=_marks(diagram.flags),
        coloured=True,
        **own,
    )


UNCERTAINTIES = {
    "standard_error": "standard error over the images",
    "between_models_sd": "spread between models",
    "conformal_half_width": "conformal half-width",
}
"""Three numbers that are never merged; each has its own map where it is known."""


def _descriptor(diagram: Diagram, own: dict, name: str) -> list[Panel]:
    """Return the map of a descriptor and one of each of its uncertainties that is known somewhere."""
    unit = next((c.descriptors[name].get("unit") for c in diagram.cells), None)
    shown = "" if unit in (None, "1") else f" [{unit}]"
    words = name.replace("_", " ")
    panels = [_values(diagram, own, name, f"{words}{shown}", diagram.values(name))]
    for entry, meaning in UNCERTAINTIES.items():
        values = diagram.values(name, entry)
        if np.isfinite(values).any():
            title = f"{words}: {meaning}{shown}"
            panels.append(_values(diagram, own, f"{name}-{entry}", title, values))
    return panels


def _values(diagram: Diagram, own: dict, name: str, title: str, values: np.ndarray) -> Panel:
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return Panel(
        name,
        title,
        coloured(values[::-1], low, high),
        lines=_contours(values),
        bar=(low, high, title.partition(": ")[2] or title),
        marks=_marks(diagram.flags),
        coloured=True,
        **own,
    )


def _contours(values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    rows, columns = values.shape
    return [(f"{level:g}", of_cells(line, columns, rows)) for level, line in contour_lines(values)]


def _window(diagram: Diagram) -> dict:
    window, (rows, columns) = diagram.window, diagram.shape
    if window is None or window.best is None:
        return {}
    star = ((window.best["column"] + 0.5) / columns, (window.best["row"] + 0.5) / rows)
    return {"rings": of_corners(window.corners, columns, rows), "star": star}


def _spots(diagram: Diagram) -> list[Spot]:
    return [Spot(c.column, c.row, c.support["flag"], _words(diagram, c)) for c in diagram.cells]


def _words(diagram: Diagram, cell: CellResult) -> str:
    """Return what is said of a cell when the mouse rests on it."""
    parts = [
        f"{a.name} {cell.conditions[a.name]:g}{f' {a.unit}' if a.unit else ''}"
        for a in (diagram.x, diagram.y)
    ]
    parts.append(HATCHES[cell.support["flag"]].meaning)
    if cell.shares is not None:
        best = int(np.argmax(cell.shares))
        parts.append(f"{diagram.classes[best]} {cell.shares[best]:.2f}")
    for name, entry in cell.descriptors.items():
        value = "undefined" if entry["value"] is None else f"{entry['value']:.4g}"
        parts.append(f"{name.replace('_', ' ')} {value}{'' if entry['unit'] == '1' else ' ' + entry['unit']}")
    if cell.nearest is not None:
        away = cell.nearest.difference or "same conditions"
        parts.append(f"nearest real image {cell.nearest.image}: {away}")
    return "\n".join(parts)


def _marks(flags: np.ndarray) -> list[str]:
    there = set(np.unique(flags).tolist())
    return [flag for flag in HATCHES if flag in there]
