"""Hitachi: a text file beside the picture with ``[SemImageFile]`` and ``PixelSize=`` in nanometre."""

from pathlib import Path

from ..opened import Scale, scale_from
from .entries import chosen, data_bar, ini_sections, number, whole

_SETTINGS = (
    ("instructname", "instrument"),
    ("acceleratingvoltage", "voltage"),
    ("magnification", "magnification"),
    ("workingdistance", "working distance"),
    ("signalname", "detector"),
)


def side_names(path: Path) -> tuple[str, ...]:
    """Return the names the text file may have."""
    return f"{path.stem}.txt", f"{path.stem}.TXT", f"{path.stem}.Txt", f"{path.name}.txt"


def from_text(text: str, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in a Hitachi text."""
    entries = ini_sections(text).get("semimagefile")
    if entries is None:
        return None
    facts = chosen(entries, _SETTINGS)
    size = [whole(n) for n in entries.get("datasize", "").lower().split("x")]
    edge = number(entries.get("pixelsize"))
    if len(size) == 2 and size[0] != shape[1]:
        note = f"the Hitachi text is for {size[0]} columns, not {shape[1]}; the voxel size is left unknown"
        return Scale(notes=(note,), vendor="Hitachi", facts=facts)
    rows = data_bar(shape[0], size[1]) if len(size) == 2 else None
    return scale_from({"Y": edge, "X": edge}, "nm", vendor="Hitachi", facts=facts, data_bar_rows=rows)
