"""What ``microgen choose`` says to people: a short table of the snapshots."""

from collections.abc import Mapping
from typing import Any

_HEADS = ("step", "error", "AUC", "real", "worst descriptor", "")


def choice_text(content: Mapping[str, Any]) -> str:
    """Return the table of all snapshots and which was chosen.

    Parameters
    ----------
    content : mapping
        The result of `choose`.
    """
    judged, lowest = content["judged"], content["error_floor"]
    which = "not in the training" if judged["unseen"] else "of the training"
    rows = [_row(row, content) for row in content["snapshots"]]
    widths = [max(len(row[k]) for row in (_HEADS, *rows)) for k in range(len(_HEADS))]
    conditions = "1 condition" if judged["conditions"] == 1 else f"{judged['conditions']} conditions"
    lines = [f"judged on {judged['images']} real patches of {conditions} {which}", ""]
    for row in (_HEADS, *rows):
        cells = [
            text.ljust(width) if k > 3 else text.rjust(width)
            for k, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    real = "unknown" if lowest is None else f"{lowest:.3f}"
    lines += [
        "",
        "error: differences of means over all descriptors, in standard deviations of real images; real "
        f"images: {real}",
        "AUC: chance that the nearest real image is one of the training, beside that of real images",
        *(f"note: {note}" for note in content["notes"]),
        f"step {content['step']} was written to {content['out']}",
    ]
    return "\n".join(lines)


def _row(row: Mapping[str, Any], content: Mapping[str, Any]) -> tuple[str, ...]:
    chosen = "chosen" if row["step"] == content["step"] else ""
    said = f"not chosen: {', '.join(row['vetoes'])}" if row["vetoes"] else chosen
    found = row["copies"]
    return (
        str(row["step"]),
        _number(row["error"]),
        _number(found.get("auc")),
        _number(found.get("floor")),
        f"{row['worst']} ({_number(row['descriptors'].get(row['worst']))})",
        said,
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
