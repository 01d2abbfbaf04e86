"""Run one operation for the command line: read, work, write, report."""

import argparse
import json
import time
from pathlib import Path
from typing import Any, Literal

from ..errors import ParameterError
from ..features import FeatureTable
from ..operations import Operation, plain, run
from ..parameters import Description, Parameter
from ..progress import Steps
from ..volume import Volume
from .messages import CancelledError, Messages, StdinWatch
from .parser import reading_arguments

LABEL_PARAMETERS = ("labels", "prediction", "truth")
"""Parameters that take label maps; what they name is read as labels."""


def execute(
    operation: Operation, description: Description, options: argparse.Namespace, said: Messages
) -> Any:
    """Run ``operation`` as the options say and return the JSON object of its result."""
    start = time.monotonic()
    target = checked_target(description, options)
    arguments = _arguments(description, options, said)
    watch = StdinWatch() if options.watch_stdin else None
    result = drive(run(operation.id, **arguments), said, watch)
    content = written(result, target)
    for note in getattr(result, "notes", ()):
        said.warning(note)
    said.done()
    return plain(content | ({} if "seconds" in content else {"seconds": round(time.monotonic() - start, 3)}))


def drive(steps: Steps[Any], said: Messages, watch: StdinWatch | None) -> Any:
    """Run steps to their end with progress; stop at the next tick after a cancel."""
    try:
        while True:
            try:
                said.progress(next(steps))
            except StopIteration as end:
                return end.value
            if said.asked_to_stop or (watch is not None and watch.cancelled.is_set()):
                raise CancelledError("Stopped on request; nothing was written.")
    finally:
        steps.close()


def summary(content: dict[str, Any]) -> str:
    """Return a result for people: one line per entry, tables indented."""
    if "importance_details" in content:
        from ..regress.summary import regression_text

        return regression_text(content)
    if "predictions" in content:
        from ..regress.summary import prediction_text

        return prediction_text(content)
    if {"axes", "cells", "window"} <= content.keys():
        from ..zones.summary import diagram_text

        return diagram_text(content)
    if "sweeps" in content:
        from ..zones.summary import sweep_text

        return sweep_text(content)
    if {"candidates", "experiments"} <= content.keys():
        from ..zones.answer_summary import find_text

        return find_text(content)
    if {"descriptors", "extrapolated"} <= content.keys():
        from ..zones.answer_summary import validation_text

        return validation_text(content)
    if {"snapshots", "judged"} <= content.keys():
        from ..compare.choice_text import choice_text

        return choice_text(content)
    if "verdict" in content:
        return "\n".join(content["verdict"])
    if "features" in content:
        return "\n".join(_feature_line(name, entry) for name, entry in _flat_features(content["features"]))
    return "\n".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value)}" for key, value in content.items()
    )


def _flat_features(features: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    if all("unit" in entry for entry in features.values()):
        return list(features.items())
    return [
        (f"{sample}: {name}", entry) for sample, block in features.items() for name, entry in block.items()
    ]


def _feature_line(name: str, entry: dict[str, Any]) -> str:
    if entry["value"] is None:
        return f"{name}: undefined ({entry['reason']})"
    unit = "" if entry["unit"] == "1" else f" {entry['unit']}"
    low, high = entry.get("interval_95") or (None, None)
    interval = "" if low is None or high is None else f"  [95 %: {low:.6g} to {high:.6g}]"
    remark = f"  ({entry['reason']})" if entry["reason"] else ""
    return f"{name}: {entry['value']:.6g}{unit}{interval}{remark}"


def _arguments(description: Description, options: argparse.Namespace, said: Messages) -> dict[str, Any]:
    reading = reading_arguments(options)
    return {p.name: _argument(p, getattr(options, p.name), reading, said) for p in description.parameters}


def _argument(parameter: Parameter, value: Any, reading: dict[str, Any], said: Messages) -> Any:
    if not parameter.is_volume or value is None:
        return value
    from ..io.reading import read

    kind: Literal["labels", "image"] = "labels" if parameter.name in LABEL_PARAMETERS else "image"
    volume = read(value, kind=kind, **reading)
    for note in volume.notes:
        said.warning(f"{volume.name}: {note}")
    return volume


def checked_target(description: Description, options: argparse.Namespace) -> Path | None:
    """Return where the result goes, refused early if it cannot go there."""
    from ..io.atomic import require_writable

    own = any(parameter.name == "out" for parameter in description.parameters)
    target: Path | None = getattr(options, "OUT", None) or (None if own else getattr(options, "out", None))
    if target is None:
        return None
    for parameter in description.parameters:
        value = getattr(options, parameter.name)
        sources = value if isinstance(value, list) else [value]
        if target.exists() and any(
            isinstance(s, Path) and s.exists() and s.samefile(target) for s in sources
        ):
            raise ParameterError(
                f"{target} is the input; inputs are never changed. Give another output path."
            )
    if description.returns_volume:
        from ..io.writing import require_image_target

        require_image_target(target)
    elif target.suffix.lower() not in (".csv", ".xlsx", ".json"):
        raise ParameterError(
            f"{target} ends with {target.suffix or 'nothing'}; a table is written as .csv, .xlsx or .json."
        )
    if not target.parent.exists():
        raise ParameterError(
            f"The folder {target.parent} does not exist; make it first or choose another path."
        )
    require_writable(target.parent)
    return target


def written(result: Any, target: Path | None) -> dict[str, Any]:
    """Write the result and return its JSON object."""
    if isinstance(result, Volume):
        return _written_volume(result, target)
    content = (
        {"features": result.as_dict(), **result.facts} if isinstance(result, FeatureTable) else dict(result)
    )
    if target is None:
        return content
    from ..io.atomic import write_text

    if target.suffix.lower() == ".json":
        write_text(target, json.dumps(plain(content), indent=2, allow_nan=False) + "\n")
    elif isinstance(result, FeatureTable):
        from ..io.writing import write_table

        write_table(result, target)
    else:
        raise ParameterError(f"{target}: this result is not a table; give a name that ends with .json.")
    if isinstance(result, FeatureTable) and result.recipe is not None:
        from ..io.recipes import write_recipe

        write_recipe(result.recipe, target)
    return content | {"out": str(target)}


def _written_volume(result: Volume, target: Path | None) -> dict[str, Any]:
    from ..io.writing import write

    assert target is not None  # the parser requires OUT where a volume comes back
    write(result, target)
    return {"out": str(target), "shape": list(result.shape), **result.facts, "notes": list(result.notes)}
