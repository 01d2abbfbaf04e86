"""Fibics and Zeiss Atlas: XML with pixel vectors or field of view in micrometre (tag 51023)."""

import math
from xml.etree import ElementTree

from ..opened import Scale, scale_from
from .entries import number

TAGS = (51023,)


def from_tag(raw: bytes, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in an Atlas tag.

    The pixel vectors U (along a row) and V (along a column) are used, or else the
    fields of view over the rows and columns that the tag states.
    """
    text = raw.decode("utf-8", "replace").strip("\0 \r\n\t\ufeff")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are not expanded beyond expat's own limits)
    except (ElementTree.ParseError, ValueError):
        return None
    if root.tag != "Fibics":
        return None
    values = {e.tag: number(e.text) for e in root.iter() if e.text}
    along_row = _norm(values.get("Ux"), values.get("Uy")) or _over(values.get("FOV_X"), values.get("Width"))
    along_column = _norm(values.get("Vx"), values.get("Vy")) or _over(
        values.get("FOV_Y"), values.get("Height")
    )
    return scale_from({"Y": along_column, "X": along_row}, "um", vendor="Fibics")


def _norm(a: float | None, b: float | None) -> float | None:
    return math.hypot(a, b) if a is not None and b is not None else None


def _over(length: float | None, count: float | None) -> float | None:
    return length / count if length is not None and count else None
