"""FEI and Thermo Fisher: text with sections (tags 34680, 34682), or XML (tag 34683, as of Phenom)."""

from xml.etree import ElementTree

from ...errors import UnitError
from ...units import convert_length
from ..opened import Scale, scale_from_metres
from .entries import chosen, data_bar, ini_sections, number, whole

TAGS = (34682, 34680, 34683)
_SETTINGS = (("hv", "voltage [V]"), ("beamcurrent", "current [A]"), ("wd", "working distance [m]"))
_SCANS = ("scan", "escan", "iscan", "ebeam", "ibeam")
_XML_SETTINGS = ("accelerationvoltage", "detectorname", "detector", "instrumentclass", "acquisitiondevice")


def from_tag(raw: bytes, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in an FEI or Thermo Fisher tag; sizes are in metre unless a unit is given."""
    text = raw.decode("utf-8", "replace").strip("\0 \r\n\t\ufeff")
    return _from_xml(text, shape) if text.startswith("<") else _from_sections(text, shape)


def _from_sections(text: str, shape: tuple[int, int]) -> Scale | None:
    """Return the scale of ``[Scan] PixelWidth``, or of the field of view over the columns of ``[Image]``."""
    sections = ini_sections(text)
    scan = next(
        (sections[s] for s in _SCANS if {"pixelwidth", "horfieldsize"} & sections.get(s, {}).keys()), None
    )
    if scan is None:
        return None
    image = sections.get("image", {})
    columns, rows = whole(image.get("resolutionx")), whole(image.get("resolutiony"))
    sizes = {
        "Y": number(scan.get("pixelheight")) or _over(number(scan.get("verfieldsize")), rows),
        "X": number(scan.get("pixelwidth")) or _over(number(scan.get("horfieldsize")), columns),
    }
    facts = chosen({k: v for s in sections.values() for k, v in s.items()}, _SETTINGS)
    facts |= chosen(sections.get("detectors", {}), (("name", "detector"),))
    facts |= chosen(sections.get("system", {}), (("systemtype", "instrument"),))
    if columns is not None and columns != shape[1]:
        note = f"the FEI tag is for {columns} columns, not {shape[1]}; the voxel size is left unknown"
        return Scale(notes=(note,), vendor="FEI", facts=facts)
    return scale_from_metres(sizes, vendor="FEI", facts=facts, data_bar_rows=data_bar(shape[0], rows))


def _from_xml(text: str, shape: tuple[int, int]) -> Scale | None:
    """Return the scale of ``pixelWidth`` and ``pixelHeight``, or of ``PixelSize`` with children."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (entities are not expanded beyond expat's own limits)
    except (ElementTree.ParseError, ValueError):
        return None
    elements: dict[str, ElementTree.Element] = {}
    for element in root.iter():
        elements.setdefault(_local(element), element)
    sizes = {"Y": _metres(elements.get("pixelheight")), "X": _metres(elements.get("pixelwidth"))}
    for child in elements.get("pixelsize", ()):
        letter = {"x": "X", "width": "X", "y": "Y", "height": "Y"}.get(_local(child))
        if letter:
            sizes[letter] = sizes[letter] or _metres(child)
    if sizes["X"] is None and sizes["Y"] is None:
        return None
    facts = {name: text[:80] for name in _XML_SETTINGS if (text := _text(elements.get(name)))}
    bar = whole(_text(elements.get("databarheight")))
    bar = bar if bar is not None and 0 < bar < shape[0] / 2 else None
    return scale_from_metres(sizes, vendor="Thermo Fisher", facts=facts, data_bar_rows=bar)


def _over(length: float | None, count: int | None) -> float | None:
    return length / count if length is not None and count else None


def _local(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1].lower()


def _text(element: ElementTree.Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _metres(element: ElementTree.Element | None) -> float | None:
    value = number(_text(element))
    if element is None or value is None:
        return None
    try:
        return convert_length(value, element.get("unit", "m"), "m")
    except UnitError:
        return None
