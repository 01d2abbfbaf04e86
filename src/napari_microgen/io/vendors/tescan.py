"""TESCAN: text with sections in tag 50431 behind binary bytes, or in a ``.hdr`` file beside the picture."""

from pathlib import Path

from ..opened import Scale, scale_from_metres
from .entries import chosen, ini_sections, number, whole

TAGS = (50431,)
_SETTINGS = (("device", "instrument"), ("hv", "voltage [V]"), ("wd", "working distance [m]"),
             ("detector", "detector"), ("magnification", "magnification"))  # fmt: skip


def side_names(path: Path) -> tuple[str, ...]:
    """Return the names a header file may have: ``a.hdr``, ``a-tif.hdr``, ``a.tif.hdr``."""
    kind = path.suffix.lstrip(".")
    return f"{path.stem}.hdr", f"{path.stem}-{kind}.hdr", f"{path.name}.hdr"


def from_tag(raw: bytes, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in a TESCAN tag."""
    start = raw.find(b"[MAIN]")
    return from_text(raw[start:].decode("utf-8", "replace"), shape) if start >= 0 else None


def from_text(text: str, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in a TESCAN header; sizes are in metre, ``ImageStripSize`` is the data bar."""
    sections = ini_sections(text)
    if "main" not in sections:
        return None
    entries = {k: v for section in sections.values() for k, v in section.items()}
    sizes = {"Y": number(entries.get("pixelsizey")), "X": number(entries.get("pixelsizex"))}
    rows = whole(entries.get("imagestripsize"))
    rows = rows if rows is not None and 0 < rows < shape[0] / 2 else None
    return scale_from_metres(sizes, vendor="TESCAN", facts=chosen(entries, _SETTINGS), data_bar_rows=rows)
