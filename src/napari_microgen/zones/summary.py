"""A diagram in a few lines for people."""

from collections.abc import Mapping
from typing import Any

from ..units import after_number


def diagram_text(content: Mapping[str, Any]) -> str:
    """Return the result of `zones` as text: axes, what is fixed, support, structures, window, remarks."""
    axes, cells = content["axes"], content["cells"]
    lines = [
        f"{len(cells)} cells: {_axis(axes['x'])} across, {_axis(axes['y'])} upwards",
        "fixed: " + (", ".join(_fixed(name, entry) for name, entry in content["fixed"].items()) or "nothing"),
        "support: " + ", ".join(f"{n} {flag}" for flag, n in content["support"].items()),
    ]
    if content["classes"]:
        best = [cell["class"] for cell in cells]
        shares = [f"{best.count(name)} {name}" for name in content["classes"] if name in best]
        lines.append("most probable structure: " + ", ".join(shares))
    for name in content["descriptors"]:
        known = [
            c["descriptors"][name]["value"] for c in cells if c["descriptors"][name]["value"] is not None
        ]
        unit = cells[0]["descriptors"][name]["unit"]
        words = (
            f"{min(known):.4g} to {max(known):.4g}{after_number(unit)}"
            if known
            else "undefined in every cell"
        )
        lines.append(f"{name.replace('_', ' ')}: {words}")
    if content["window"] is not None:
        lines += window_lines(content["window"], axes)
    lines += [f"note: {note}" for note in content["notes"]]
    lines.append(f"written to {content['out']}: {', '.join(content['files'])}")
    return "\n".join(lines)


def sweep_text(content: Mapping[str, Any]) -> str:
    """Return the result of `sweep` as text: each value with its support and the nearest real image."""
    lines = ["base: " + ", ".join(_fixed(name, entry) for name, entry in content["base"].items())]
    for entry in content["sweeps"]:
        lines.append(_axis(entry["axis"]))
        for stop in entry["stops"]:
            near = stop["nearest"]
            words = "" if near is None else f"; nearest {near['image']}: {near['difference'] or 'the same'}"
            lines.append(f"  {stop['value']:g}{after_number(stop['unit'])}: {stop['support']['flag']}{words}")
    lines += [f"note: {note}" for note in content["notes"]]
    lines.append(f"written to {content['out']}: {', '.join(content['files'])}")
    return "\n".join(lines)


def window_lines(window: Mapping[str, Any], axes: Mapping[str, Any]) -> list[str]:
    """Return a process window as lines: its best point, and how far each condition may fall and rise."""
    best = window["best"]
    if best is None:
        return [f"process window: empty ({window['emptied_by']})"]
    names = (axes["x"]["name"], axes["y"]["name"])
    units = {key: after_number(axes[key]["unit"]) for key in ("x", "y")}
    at = ", ".join(f"{axes[key]['name']} {best[key]:.5g}{units[key]}" for key in ("x", "y"))
    lines = [f"process window: {len(window['cells'])} cells; best at {at}"]
    for name, key in zip(names, ("x", "y"), strict=True):
        safe, unit = best["safety"][name], units[key]
        lines.append(
            f"  {name} may fall by {safe['down']:.4g}{unit} ({'; '.join(safe['down_stopped_by'])}) and rise "
            f"by {safe['up']:.4g}{unit} ({'; '.join(safe['up_stopped_by'])})"
        )
    return lines + [f"  {note}" for note in window["notes"]]


def _axis(axis: Mapping[str, Any]) -> str:
    return f"{axis['name']} {axis['low']:g} to {axis['high']:g}{after_number(axis['unit'])}"


def _fixed(name: str, entry: Mapping[str, Any]) -> str:
    value = entry["value"]
    return f"{name} {f'{value:g}' if isinstance(value, float) else value}{after_number(entry['unit'])}"
