"""What ``microgen find`` and ``validate`` say to people: short tables, and what to do next."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..units import after_number
from .hatching import HATCHES

GAP = "  "


def find_text(content: Mapping[str, Any]) -> str:
    """Return candidates with conditions, support and predicted values, experiments, and what to do next.

    Parameters
    ----------
    content : mapping
        The result of `find`.
    """
    found, experiments, units = content["candidates"], content["experiments"], content["units"]
    lines = [f"wanted: {', '.join(content['targets'])}", f"{content['tried']} conditions were tried"]
    if not found:
        return "\n".join([*lines, *_notes(content), "no condition could be proposed"])
    varied = _varied([entry["conditions"] for entry in (*found, *experiments)])
    fixed = [n for n in units if n not in varied]
    if fixed:
        first = found[0]["conditions"]
        same = ", ".join(f"{n} {_value(first[n])}{after_number(units[n])}" for n in fixed)
        lines.append(f"the same in all: {same}")
    heads = [_with_unit(name, units[name]) for name in varied]
    lines += ["", "conditions, best first:"]
    lines += table(
        ["rank", "off by", *heads, "support"],
        [
            [str(rank), _misfit(entry), *_conditions(entry, varied), _support(entry)]
            for rank, entry in enumerate(found, 1)
        ],
    )
    lines += ["", *_predicted_lines(content), *_support_lines((*found, *experiments))]
    if experiments:
        lines += ["", "experiments that would tell most about these, one after the other:"]
        rows = [
            [str(n), *_conditions(entry, varied), f"{100 * entry['reduction']:.0f} %", _support(entry)]
            for n, entry in enumerate(experiments, 1)
        ]
        lines += table(["try", *heads, "uncertainty\ntaken away", "support"], rows)
    return "\n".join([*lines, "", *_notes(content), *_next_after_find(content)])


def validation_text(content: Mapping[str, Any]) -> str:
    """Return how far each descriptor was off at conditions not seen, and what to do next.

    Parameters
    ----------
    content : mapping
        The result of `validate`.
    """
    lines = [
        f"{content['conditions']} conditions that were not in the training; "
        f"{content['extrapolated']} of them are extrapolated",
        "",
    ]
    rows, reasons = [], list[str]()
    for name, entry in content["descriptors"].items():
        widths = entry["half_width"]
        if entry["reason"] and entry["reason"] not in reasons:
            reasons.append(entry["reason"])
        rows.append(
            [
                name.replace("_", " ") + (f" [{unit}]" if (unit := entry["unit"]) not in ("", "1") else ""),
                _number(entry["bias"], sign=True),
                _number(entry["mean_absolute_error"]),
                *(_number(widths[f"ratio {ratio}"]) for ratio in (0, 1)),
                _farthest(name, content["cells"]),
            ]
        )
    heads = ["", "generated\n- real", "mean\nsize", "half-width\nnear", "half-width\nfarther", "off most at"]
    lines += table(heads, rows)
    share = f"{100 * content['coverage']:g} %"
    lines += [
        "",
        f"half-width: of the interval that holds the true value with a chance of {share}; near: at a",
        "training condition; farther: as far from one as they usually are from each other",
        *(f"no half-width: {reason}" for reason in reasons),
        *_notes(content),
        f"written to {content['out']}",
    ]
    if not reasons:
        lines.append(f"next: microgen zones or microgen find with --residuals {_quoted(str(content['out']))}")
    return "\n".join(lines)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    r"""Return lines with columns one below the other; the first and the last are flush left.

    Examples
    --------
    >>> print(*table(["rank", "T\n[C]", "support"], [["1", "420", "seen"], ["2", "95", "gap"]]), sep="\n")
    rank    T  support
          [C]
    1     420  seen
    2      95  gap
    """
    deep = max(head.count("\n") for head in heads) + 1
    parts = [(head.split("\n") + [""] * deep)[:deep] for head in heads]
    every = [*zip(*parts, strict=True), *rows]
    wide = [max(len(line[column]) for line in every) for column in range(len(heads))]
    left = (0, len(heads) - 1)
    return [
        GAP.join(
            text.ljust(width) if column in left else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, wide, strict=True))
        ).rstrip()
        for line in every
    ]


def _predicted_lines(content: Mapping[str, Any]) -> list[str]:
    """Return the predicted values of each candidate, with what is known of their errors."""
    found = content["candidates"]
    names = list(found[0]["descriptors"])
    classes = "class" in found[0]
    if not names and not classes:
        return []
    rows = [
        [
            str(rank),
            *([_structures(entry)] if classes else []),
            *(_estimate(entry["descriptors"][name]) for name in names),
        ]
        for rank, entry in enumerate(found, 1)
    ]
    heads = [_with_unit(n.replace("_", " "), found[0]["descriptors"][n]["unit"]) for n in names]
    lines = ["predicted:", *table(["rank", *(["structure"] if classes else []), *heads], rows)]
    entries = [value for entry in found for value in entry["descriptors"].values()]
    if any(value["conformal_half_width"] is not None for value in entries):
        lines.append(
            f"in brackets the interval that holds the true value with a chance of "
            f"{100 * content['coverage']:g} %"
        )
    bare = [value for value in entries if value["conformal_half_width"] is None]
    if bare:
        why = dict.fromkeys(value["reasons"].get("conformal_half_width", "") for value in bare)
        lines.append("± is the standard error over the images; it does not tell how far the model is off")
        lines += [f"no interval: {reason}" for reason in why if reason]
    if any(value["between_models_sd"] is not None for value in entries):
        lines.append("models ±: how much models of other seeds differ")
    if classes:
        lines.append("structure: its mean probability ± its spread over the images")
    return lines


def _support_lines(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what each word for support that was used means, where the word is not enough."""
    flags = dict.fromkeys(entry["support"]["flag"] for entry in entries)
    return [HATCHES[flag].meaning for flag in ("gap", "extrapolated", "unknown") if flag in flags]


def _next_after_find(content: Mapping[str, Any]) -> list[str]:
    found, experiments = content["candidates"], content["experiments"]
    settings = " ".join(_quoted(f"{n}={_value(v, 6)}") for n, v in found[0]["conditions"].items())
    lines = [
        f"next: look at the first with microgen generate MODEL --out best.tif --count 9 --set {settings}"
    ]
    entries = [value for entry in found for value in entry["descriptors"].values()]
    if entries and content["coverage"] is None:
        lines.append(
            "next: measure how far the model is off with microgen validate; give its file with --residuals"
        )
    if experiments:
        lines.append(
            "next: make the first experiment, add its micrographs to the training, train again, find again"
        )
    return lines


def _varied(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the conditions that are not the same in all rows; all of them for a single row."""
    return [name for name in rows[0] if len(rows) == 1 or len({row[name] for row in rows}) > 1]


def _conditions(entry: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [_value(entry["conditions"][name]) for name in names]


def _structures(entry: Mapping[str, Any]) -> str:
    best = entry["probabilities"][entry["class"]]
    return f"{entry['class']} {best['mean']:.2f} ± {best['sd']:.2f}"


def _estimate(entry: Mapping[str, Any]) -> str:
    """Return a value with its interval, or with the error of its mean where there is none.

    Examples
    --------
    >>> known = {"value": 45.21, "standard_error": 0.312, "between_models_sd": None}
    >>> _estimate(known | {"conformal_half_width": 5.0}), _estimate(known | {"conformal_half_width": None})
    ('45.21 (40.21 to 50.21)', '45.21 ± 0.31')
    """
    value, width, error = entry["value"], entry["conformal_half_width"], entry["standard_error"]
    if value is None:
        return "undefined"
    text = f"{value:.4g}"
    if width is not None:
        text += f" ({value - width:.4g} to {value + width:.4g})"
    elif error is not None:
        text += f" ± {error:.2g}"
    between = entry["between_models_sd"]
    return text if between is None else f"{text}, models ± {between:.2g}"


def _support(entry: Mapping[str, Any]) -> str:
    """Return where a condition lies among those of the training, in words."""
    flag, near = str(entry["support"]["flag"]), entry["support"].get("nearest_image")
    if flag == "unknown":
        return "cannot be told"
    return f"{flag}, {'as' if flag == 'seen' else 'near'} {near}" if near else flag


def _farthest(name: str, cells: Sequence[Mapping[str, Any]]) -> str:
    """Return the condition at which a descriptor was off most, by how much."""
    off = {
        cell["condition"]: found["generated"] - found["real"]
        for cell in cells
        if None not in (found := cell["descriptors"][name]).values()
    }
    if not off:
        return "undefined everywhere"
    worst = max(off, key=lambda words: abs(off[words]))
    return f"{worst} ({_number(off[worst], sign=True)})"


def _notes(content: Mapping[str, Any]) -> list[str]:
    return [f"note: {note}" for note in content["notes"]]


def _misfit(entry: Mapping[str, Any]) -> str:
    return "undefined" if entry["misfit"] is None else f"{entry['misfit']:.2f}"


def _number(value: float | None, *, sign: bool = False) -> str:
    return "none" if value is None else f"{value:+.3g}" if sign else f"{value:.3g}"


def _value(value: Any, digits: int = 4) -> str:
    return "unknown" if value is None else f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word or not word else word


def _with_unit(name: str, unit: str | None) -> str:
    return name if unit in (None, "", "1") else f"{name}\n[{unit}]"
