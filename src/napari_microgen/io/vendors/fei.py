"""FEI and Thermo Fisher Scientific: text with sections (tags 34680, 34682), or XML (tag 34683)."""

import math
from xml.etree import ElementTree

from ..opened import Scale, scale_from_metres
from .entries import chosen, data_bar, ini_sections, number, whole

TAGS = (34682, 34680, 34683)
_SETTINGS = (("hv", "voltage [V]"), ("beamcurrent", "current [A]"), ("wd", "working distance [m]"))
_SCANS = ("scan", "escan", "iscan", "ebeam", "ibeam")


def from_tag(raw: bytes, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in an FEI or Thermo Fisher tag; sizes are in metre."""
    text = raw.decode("utf-8", "replace").strip("\0 \r\n\t\ufeff")
    return _from_xml(text, shape) if text.startswith("<") else _from_sections(text, shape)


def _from_sections(text: str, shape: tuple[int, int]) -> Scale | None:
    sections = ini_sections(text)
    scan = next((sections[s] for s in _SCANS if "pixelwidth" in sections.get(s, {})), None)
    if scan is None:
        return None
    image = sections.get("image", {})
    rows = data_bar(shape[0], whole(image.get("resolutiony")))
    facts = chosen({k: v for s in sections.values() for k, v in s.items()}, _SETTINGS)
    facts |= chosen(sections.get("detectors", {}), (("name", "detector"),))
    facts |= chosen(sections.get("system", {}), (("systemtype", "instrument"),))
    sizes = {"Y": number(scan.get("pixelheight")), "X": number(scan.get("pixelwidth"))}
    return scale_from_metres(sizes, vendor="FEI", facts=facts, data_bar_rows=rows)


def _from_xml(text: str, shape: tuple[int, int]) -> Scale | None:
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are not expanded beyond expat's own limits)
    except (ElementTree.ParseError, ValueError):
        return None
    size = next((e for e in root.iter() if _local(e) == "pixelsize"), None)
    if size is None:
        return None
    edges = {_local(e).upper(): _metres(e) for e in size if _local(e) in ("x", "y")}
    image = next((e for e in root.iter() if _local(e) in ("imagesize", "scansize")), None)
    height = (
        next((whole(e.text) for e in image if _local(e) in ("y", "height")), None)
        if image is not None
        else None
    )
    facts = {}
    for element in root.iter():
        if _local(element) in ("accelerationvoltage", "detectorname", "instrumentclass") and element.text:
            facts.setdefault(_local(element), element.text.strip()[:80])
    sizes = {"Y": edges.get("Y"), "X": edges.get("X")}
    return scale_from_metres(
        sizes, vendor="Thermo Fisher", facts=facts, data_bar_rows=data_bar(shape[0], height)
    )


def _local(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1].lower()


def _metres(element: ElementTree.Element) -> float | None:
    from ...errors import UnitError
    from ...units import METRES, canonical_unit

    value = number(element.text)
    try:
        factor = METRES[canonical_unit(element.get("unit", "m"))]
    except UnitError:
        return None
    return None if value is None or not math.isfinite(value) else float(f"{value * factor:.15g}")
