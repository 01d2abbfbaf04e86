"""Zeiss SmartSEM: lines of a key followed by ``words = value unit`` (tag 34118)."""

from itertools import pairwise

from ...units import METRES
from ..opened import Scale, scale_from
from .entries import length

TAGS = (34118,)
_SIZES = ("AP_IMAGE_PIXEL_SIZE", "AP_PIXEL_SIZE")
_SETTINGS = {"AP_ACTUALKV": "voltage", "AP_WD": "working distance", "DP_DETECTOR_CHANNEL": "detector",
             "AP_MAG": "magnification"}  # fmt: skip


def from_tag(raw: bytes, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in a SmartSEM tag; the data bar lies within the picture and is not stated."""
    entries = _entries(raw.decode("latin-1"))
    if not entries:
        return None
    found = next((size for key in _SIZES if (size := length(entries.get(key))) is not None), None)
    facts = {name: entries[key][:80] for key, name in _SETTINGS.items() if entries.get(key)}
    if found is None:
        return Scale(vendor="Zeiss", facts=facts)
    edge, unit = found
    if unit not in METRES:
        return Scale(vendor="Zeiss", facts=facts)
    return scale_from({"Y": edge, "X": edge}, unit, vendor="Zeiss", facts=facts)


def _entries(text: str) -> dict[str, str]:
    """Return key to value; a key such as ``AP_WD`` stands on the line before ``WD = 5.1 mm``."""
    lines = [line.strip("\0 ") for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    entries = {}
    for key, line in pairwise(lines):
        if key[:3] in ("AP_", "DP_", "SV_") and " " not in key and "=" in line:
            entries[key] = line.split("=", 1)[1].strip()
    return entries
