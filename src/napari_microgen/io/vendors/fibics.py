"""Fibics and Zeiss Atlas: XML with the two pixel vectors in micrometre (tag 51023)."""

import math
from xml.etree import ElementTree

from ..opened import Scale, scale_from
from .entries import number

TAGS = (51023,)


def from_tag(raw: bytes, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in an Atlas tag: the lengths of the vectors U (along a row) and V (along a column)."""
    text = raw.decode("utf-8", "replace").strip("\0 \r\n\t\ufeff")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are not expanded beyond expat's own limits)
    except (ElementTree.ParseError, ValueError):
        return None
    values = {e.tag: number(e.text) for e in root.iter() if e.tag in ("Ux", "Uy", "Vx", "Vy")}
    if root.tag != "Fibics" or any(values.get(name) is None for name in ("Ux", "Uy", "Vx", "Vy")):
        return None
    known = {name: float(v) for name, v in values.items() if v is not None}
    sizes = {"Y": math.hypot(known["Vx"], known["Vy"]), "X": math.hypot(known["Ux"], known["Uy"])}
    return scale_from(sizes, "um", vendor="Fibics")
