"""Pixel size of a TIFF file: our own text, OME, the microscope's tags, ImageJ, or the resolution tags."""

import json
import math
import re
from xml.etree import ElementTree

from ..errors import UnitError
from ..units import PLAUSIBLE_METRES, canonical_unit, convert_length
from . import description
from .opened import Scale, scale_from, scale_from_metres
from .tiff_structure import Structure
from .vendors import scale_from_side_file, scale_from_tags

PRINT_DPI = (72.0, 96.0, 150.0, 300.0, 600.0)
"""Resolutions that programs write for printers; they say nothing about the specimen."""
INCH, CENTIMETRE = 2, 3
_METRES = {INCH: 0.0254, CENTIMETRE: 0.01}


def scale_of_tiff(structure: Structure, axes: str) -> Scale:
    """Return the pixel edges that a TIFF file states, from the most trustworthy place on."""
    own = own_description(structure)
    if own is not None:
        return description.scale_of(own)
    page = structure.pages[0]
    text = structure.text(page, 270) or ""
    shape = page.number(257, 0), page.number(256, 0)
    vendor = scale_from_tags(structure, page, shape) or scale_from_side_file(structure.path, shape)
    stated = vendor if vendor is not None and vendor.edges else None
    for found in (
        stated,
        scale_from_ome(text),
        scale_from_imagej(text, structure),
        scale_from_resolution(structure),
    ):
        if found is None:
            continue
        edges = {letter: edge for letter, edge in found.edges.items() if letter in axes}
        if vendor is not None and found is not vendor:
            found = Scale(edges, found.unit, found.notes, vendor.vendor, vendor.facts, vendor.data_bar_rows)
        return Scale(edges, found.unit, found.notes, found.vendor, found.facts, found.data_bar_rows)
    return vendor or Scale()


def own_description(structure: Structure) -> dict | None:
    """Return what this package wrote into the file, or None."""
    text = structure.text(structure.pages[0], 270) or ""
    if description.KEY not in text:
        return None
    if text.startswith("ImageJ="):
        line = re.search(rf"^{description.KEY}=(.*)$", text, re.MULTILINE)
        return description.from_text(line.group(1).strip()) if line else None
    if text.startswith("{"):
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            return None
        entry = content.get(description.KEY) if isinstance(content, dict) else None
        return entry if description.is_description(entry) else None
    root = _xml(text)
    if root is None:
        return None
    for entry in root.iter():
        if entry.tag.endswith("}M") and entry.get("K") == description.KEY:
            return description.from_text(entry.text)
    return None


def scale_from_ome(text: str) -> Scale | None:
    """Return the scale in an OME-XML description (PhysicalSizeX and so on; micrometre unless stated)."""
    root = _xml(text) if "<OME" in text[:2000] else None
    if root is None:
        return None
    pixels = next((e for e in root.iter() if e.tag.endswith("}Pixels")), None)
    if pixels is None:
        return None
    found: dict[str, tuple[float, str]] = {}
    for letter in "ZYX":
        edge = _number(pixels.get(f"PhysicalSize{letter}"))
        try:
            unit = canonical_unit(pixels.get(f"PhysicalSize{letter}Unit") or "um")
        except UnitError:
            continue  # "pixel" or "reference frame": not a length
        if edge is not None:
            found[letter] = edge, unit
    if not found:
        return None
    unit = found.get("X", next(iter(found.values())))[1]
    return scale_from({letter: _convert(edge, u, unit) for letter, (edge, u) in found.items()}, unit)


def scale_from_imagej(text: str, structure: Structure) -> Scale | None:
    """Return the scale of an ImageJ file: unit and spacing from the text, pixels per unit from the tags."""
    if not text.startswith("ImageJ="):
        return None
    entries = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    stated = entries.get("unit", "").strip()
    try:
        unit = canonical_unit(stated)
    except UnitError:
        return None if not stated else Scale()  # "pixel" and the like: not a length
    page = structure.pages[0]
    sizes: dict[str, float | None] = {"Z": _number(entries.get("spacing"))}
    for letter, tag in (("Y", 283), ("X", 282)):
        per_unit = next(iter(structure.values(page, tag)), None)
        if per_unit is not None and not (unit == "inch" and _is_print(per_unit)):
            sizes[letter] = _inverse(per_unit)
    if "Y" not in sizes and "X" not in sizes:
        sizes.pop("Z")
    return scale_from(sizes, unit)


def scale_from_resolution(structure: Structure) -> Scale | None:
    """Return the scale of the plain resolution tags, if they have a unit and are not a printer's."""
    page = structure.pages[0]
    unit = int(next(iter(structure.values(page, 296)), INCH))
    x, y = (next(iter(structure.values(page, tag)), None) for tag in (282, 283))
    if x is None or y is None or unit not in _METRES or (x == 1 and y == 1):
        return None
    if all(_is_print(r * 0.0254 / _METRES[unit]) for r in (x, y)):
        per = "inch" if unit == INCH else "cm"
        return Scale(
            notes=(f"a resolution of {x:g} per {per} is a printer's; the voxel size is left unknown",)
        )
    edges = {"Y": _METRES[unit] * _inverse(y), "X": _METRES[unit] * _inverse(x)}
    if any(math.isfinite(edge) and edge > PLAUSIBLE_METRES[1] for edge in edges.values()):
        return Scale(notes=("the resolution tags are no micrograph's; the voxel size is left unknown",))
    return scale_from_metres(edges)


def _is_print(per_inch: float) -> bool:
    return any(math.isclose(per_inch, dpi, rel_tol=2e-3) for dpi in PRINT_DPI)


def _inverse(value: float) -> float:
    return 1 / value if value else math.inf


def _convert(edge: float, unit: str, to: str) -> float:
    return edge if unit == to or not math.isfinite(edge) else convert_length(edge, unit, to)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _xml(text: str) -> ElementTree.Element | None:
    if not text.lstrip().startswith("<"):
        return None
    try:
        return ElementTree.fromstring(text)  # noqa: S314  (entities are not expanded beyond expat's own limits)
    except (ElementTree.ParseError, ValueError):
        return None
