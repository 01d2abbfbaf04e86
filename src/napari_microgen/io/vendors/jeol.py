"""JEOL: a text file beside the picture with lines such as ``$$SM_MICRON_BAR 256``."""

from pathlib import Path

from ..opened import Scale, scale_from
from .entries import data_bar, length, number, whole

_SETTINGS = {"CM_INSTRUMENT": "instrument", "CM_ACCEL_VOLT": "voltage [kV]", "CM_MAG": "magnification",
             "SM_WD": "working distance [mm]", "CM_SIGNAL_NAME": "detector"}  # fmt: skip


def side_names(path: Path) -> tuple[str, ...]:
    """Return the names the text file may have."""
    return f"{path.stem}.txt", f"{path.stem}.TXT", f"{path.stem}.Txt", f"{path.name}.txt"


def from_text(text: str, shape: tuple[int, int]) -> Scale | None:
    """Return the scale in a JEOL text: length of the scale bar over its pixels."""
    lines = (line.strip().split(None, 1) for line in text.splitlines() if line.startswith("$"))
    entries = {parts[0].lstrip("$"): parts[1].strip() if len(parts) > 1 else "" for parts in lines}
    if not any(key.startswith(("CM_", "SM_")) for key in entries):
        return None
    facts = {name: entries[key][:80] for key, name in _SETTINGS.items() if entries.get(key)}
    full = [whole(n) for n in entries.get("CM_FULL_SIZE", "").split()]
    rows = data_bar(shape[0], full[1]) if len(full) == 2 else None
    pixels, marker = number(entries.get("SM_MICRON_BAR")), length(entries.get("SM_MICRON_MARKER"))
    if not pixels or marker is None:
        return Scale(vendor="JEOL", facts=facts, data_bar_rows=rows)
    if len(full) == 2 and full[0] != shape[1]:
        note = f"the JEOL text is for {full[0]} columns, not {shape[1]}; the voxel size is left unknown"
        return Scale(notes=(note,), vendor="JEOL", facts=facts)
    edge = float(f"{marker[0] / pixels:.15g}")
    return scale_from({"Y": edge, "X": edge}, marker[1], vendor="JEOL", facts=facts, data_bar_rows=rows)
