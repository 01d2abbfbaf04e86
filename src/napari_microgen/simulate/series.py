"""Write a simulated series image by image, so that a run that was stopped goes on where it was."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..conditions import ConditionTable
from ..errors import SaveError
from ..features import Feature, FeatureTable
from ..io.atomic import require_writable, sweep_partials, write_text
from ..io.conditions import write_conditions
from ..io.writing import write, write_table
from ..progress import Progress, Steps, scaled
from ..volume import Volume

CARD = "series.json"
"""What the series is; a folder with another card is not written into."""
LOG = "truth.partial.jsonl"
"""Truth of the images that are whole, while others are still to come."""


@dataclass(frozen=True, eq=False)
class Made:
    """One image of a series."""

    image: np.ndarray
    """Grey values, uint8, shape (R, C)."""
    labels: np.ndarray | None
    """Exact labels of the same shape; None for none."""
    truth: tuple[Feature, ...]
    """What is known of it."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further text files by their path in the folder."""


def write_series(
    out: Path,
    card: Mapping[str, Any],
    table: ConditionTable,
    make: Callable[[int], Steps[Made]],
) -> Steps[dict[str, Any]]:
    """Make and write each image of a table.

    Parameters
    ----------
    out : Path
        Folder for ``images/``, ``labels/``, ``conditions.csv`` and ``truth.csv``.
    card : mapping
        All that decides the series, as plain values. A folder with the same card is finished; one
        with another card is refused.
    table : ConditionTable
        Name, conditions and pixel size of each image.
    make : callable
        Makes the image of a row.

    Yields
    ------
    Progress
        Ticks while images are made.

    Returns
    -------
    dict
        ``out``, ``files``, ``count``, ``resumed`` (images that were there already).

    Raises
    ------
    SaveError
        If the folder holds another series, or cannot be written.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    done = _resume(out, card)
    resumed = len(done)
    files: list[str] = []
    for index, name in enumerate(table.images):
        whole = done.get(index)
        paths = {kind: f"{kind}/{name}" for kind in ("images", "labels")}
        if whole is None or not all((out / file).is_file() for file in whole["files"]):
            made: Made = yield from scaled(make(index), index, 1, len(table))
            whole = {"index": index, "files": [paths["images"]], "truth": [asdict(f) for f in made.truth]}
            _write(out / paths["images"], made.image, "image", table, index)
            if made.labels is not None:
                _write(out / paths["labels"], made.labels, "labels", table, index)
                whole["files"].append(paths["labels"])
            for file, text in made.extra.items():
                write_text(out / file, text)
                whole["files"].append(file)
            with open(out / LOG, "a", encoding="utf-8") as log:
                log.write(json.dumps(whole) + "\n")
            done[index] = whole
        files += whole["files"]
        yield Progress(index + 1, len(table), f"{index + 1} of {len(table)} images")
    truth = [
        Feature(**{**entry, "sample": name})
        for i, name in enumerate(table.images)
        for entry in done[i]["truth"]
    ]
    write_conditions(out / "conditions.csv", table)
    write_table(FeatureTable(tuple(truth)), out / "truth.csv")
    (out / LOG).unlink(missing_ok=True)
    return {
        "out": str(out),
        "files": [*files, "conditions.csv", "truth.csv"],
        "count": len(table),
        "resumed": resumed,
    }


def _resume(out: Path, card: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    """Return what is known of the images that are there, after making sure they belong to this series."""
    path, wanted = out / CARD, json.dumps(dict(card), sort_keys=True, indent=1) + "\n"
    if path.is_file() and path.read_text(encoding="utf-8") != wanted:
        raise SaveError(
            f"{out} holds another simulated series (its {CARD} differs). Choose another folder, or delete it."
        )
    for folder in ("images", "labels"):
        strange = (out / folder).is_dir() and any((out / folder).iterdir())
        if strange and not path.is_file():
            raise SaveError(
                f"{out / folder} holds files that are no simulated series. Choose another folder."
            )
    if not path.is_file():
        write_text(path, wanted)
    for place in (out, *(entry for entry in out.iterdir() if entry.is_dir())):
        sweep_partials(place)
    known: dict[int, dict[str, Any]] = {}
    if (out / LOG).is_file():
        for line in (out / LOG).read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
                known[entry["index"]] = entry
            except ValueError:  # the last line of a run that was killed
                continue
    return known


def _write(
    path: Path, pixels: np.ndarray, kind: Literal["image", "labels"], table: ConditionTable, index: int
) -> None:
    sizes = table.pixel_sizes
    size = None if sizes is None or np.isnan(sizes[index]) else (float(sizes[index]),) * 2
    name = f"{path.stem} (simulated)"
    path.parent.mkdir(parents=True, exist_ok=True)
    write(
        Volume(
            pixels,
            "YX",
            size,
            table.pixel_unit if size else None,
            name=name,
            notes=("simulated",),
            kind=kind,
        ),
        path,
        recipe=False,
    )
