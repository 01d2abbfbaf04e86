"""Choose the best moment of a training by what the images are: behind ``microgen choose``."""

import json
import math
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from .. import __version__
from ..errors import CheckpointError, InputNotFoundError, ModelFileError, ParameterError
from ..generate.card import GeneratorCard, read_generator_card
from ..generate.model import read_generator
from ..generate.snapshots import snapshot_folders
from ..io.atomic import require_writable, sweep_partials, write_text
from ..io.weights import load_model, save_model
from ..progress import Progress, Steps, scaled, stepwise
from ..recipe import installed_versions
from .choice_data import Ground, Wanted, plain_choices, read_ground
from .snapshot_score import floor, score_snapshot, vetoes

_STEPS = 1000
_DIGITS = 6
MANY = 100
"""Images searched for copies below which the scatter of the AUC is said."""


@stepwise
def choose(
    snapshots: Path,
    *,
    images: Path,
    conditions: Path,
    out: Path,
    held_out: tuple[str, ...] = (),
    where: tuple[str, ...] = (),
    training: Path | None = None,
    training_conditions: Path | None = None,
    count: int = 64,
    copies: int = 300,
    limit: float = 0.55,
    phase: Literal["bright", "dark"] = "bright",
    particles: Literal["phase", "image", "paper-000"] = "phase",
    threshold: float | None = None,
    grains: bool = False,
    crop_size: int | None = None,
    seed: int = 0,
    evaluations: int | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    threads: int | None = None,
) -> Steps[dict[str, Any]]:
    """Choose the best moment of a training by what its images are.

    Every snapshot makes images at the conditions of real images, which are measured and compared
    with these. One that hands out its training images is never chosen; of the others, the one whose
    images are least off is written as the model, with the table of all in its card. Conditions that
    were not in the training are judged where there are such, otherwise all. What is found is kept
    in ``OUT.choice``, so that an interrupted choice goes on where it was.

    Parameters
    ----------
    snapshots : Path
        Folder that a training with ``--snapshots`` has written: ``OUT.snapshots``.
    images : Path
        Folder with the real images.
    conditions : Path
        CSV with one row per image.
    out : Path
        Folder for the model that is chosen; it must not exist yet.
    held_out : tuple of str
        Rows the snapshots were not trained on, such as ``split=test``; the other rows are the
        training images, which are searched for copies.
    where : tuple of str
        Rows to use at all: NAME=VALUE, NAME=LOW:HIGH or NAME!=VALUE.
    training : Path or None
        Folder with the training images, where they are not in the same table. In place of held_out.
    training_conditions : Path or None
        CSV with their conditions.
    count : int
        Images made of each condition that is judged.
    copies : int
        Most images of a snapshot that are searched for copies.
    limit : float
        Chance that the nearest real image is one of the training (AUC) above which a snapshot is not
        chosen; 0.5 for a generator that has learnt. Real images that are above it raise it.
    phase : {"bright", "dark"}
        Phase whose geometry is measured.
    particles : {"phase", "image", "paper-000"}
        Measure the particles of the phase, or those found in the grey image, as a whole or as
        published.
    threshold : float or None
        Share of white above which a pixel is bright. If left out, Otsu's threshold of the real images.
    grains : bool
        The images are distances to the boundaries of grains, in pixels; measure the grains, too.
    crop_size : int or None
        As in the training; counts only where the pixel size is unknown.
    seed : int
        Of the images made; the same for every snapshot.
    evaluations : int or None
        Evaluations of the network per image, for methods that have a choice.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.
    threads : int or None
        Processor threads. Left out: one for a few images, all cores for many.

    Returns
    -------
    dict
        ``out``, ``step`` (the one chosen), ``error`` (root mean square over descriptors and judged
        conditions of the difference of means, in real standard deviations), ``error_floor`` (the same
        for as many real images; null if no condition has two micrographs), ``judged`` (``unseen``,
        ``conditions``, ``images``), ``limit``, ``vetoed`` (steps), ``snapshots``: by each ``step`` its
        ``model``, ``error``, ``worst`` descriptor, ``descriptors``, ``copies`` (``auc``, ``floor``, or
        ``reason``) and ``vetoes``; ``notes``, ``seconds``.

    Raises
    ------
    InputNotFoundError
        If there are no snapshots.
    ModelFileError
        If a snapshot is damaged, they are of different trainings, or all hand out training images.
    TableError
        If tables and images do not fit.
    CheckpointError
        If ``out`` is in use.
    """
    start = time.monotonic()
    if not 2 <= count <= 100_000 or not 8 <= copies <= 100_000 or not 0.5 <= limit <= 1:
        raise ParameterError(
            f"count is {count}, copies {copies} and limit {limit:g}; expected 2 to 100000, 8 to 100000 and "
            f"0.5 to 1."
        )
    yield Progress(0, _STEPS, "reading the snapshots")
    cards = _cards(Path(snapshots))
    out = Path(out)
    _require_free(out)
    kept = Findings(out.with_name(f"{out.name}.choice"))
    wanted = Wanted(
        images=images,
        conditions=conditions,
        held_out=held_out,
        where=where,
        training=training,
        training_conditions=training_conditions,
        count=count,
        copies=copies,
        dark=phase == "dark",
        particles=particles,
        threshold=threshold,
        grains=grains,
        crop_size=crop_size,
        seed=seed,
    )
    first = next(iter(cards.values()))
    ground: Ground = yield from scaled(read_ground(first, wanted), 5, 145, _STEPS)
    rows: list[dict[str, Any]] = []
    options: dict[str, Any] = {"device": device, "threads": threads, "evaluations": evaluations}
    for number, (step, card) in enumerate(cards.items()):
        found = _found(card, step, ground, kept, limit, options)
        place = 150 + 840 * number // len(cards)
        rows.append((yield from scaled(found, place, 840 // len(cards), _STEPS)))
    yield Progress(990, _STEPS, "choosing")
    content = _content(ground, rows, limit)
    kept.write("choice", content | {"choices": plain_choices(wanted)})
    best = _best(rows, content, kept.folder / "choice.json")
    content = {"out": str(out), "step": best["step"], "error": best["error"], **content}
    _write(Path(best["model"]), out, content)
    yield Progress(_STEPS, _STEPS, "done")
    return content | {"seconds": round(time.monotonic() - start, 3)}


class Findings:
    """A folder of what was found of each snapshot, made when needed; what cannot be read is not there.

    Parameters
    ----------
    folder : Path
        Where.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        require_writable(folder.parent)
        if folder.is_dir():
            sweep_partials(folder)

    def read(self, name: str, key: str) -> dict[str, Any] | None:
        """Return what was found under the same circumstances, or None."""
        try:
            content = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
            found: dict[str, Any] = content["found"]
            return found if content["key"] == key and "copies" in found else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Keep something."""
        write_text(self.folder / f"{name}.json", json.dumps(content, indent=1, allow_nan=False) + "\n")


def _cards(folder: Path) -> dict[int, GeneratorCard]:
    """Return the cards of all snapshots by step.

    Raises
    ------
    InputNotFoundError
        If there are none.
    ModelFileError
        If one is damaged, or they are of different trainings.
    """
    found = snapshot_folders(folder) if folder.is_dir() else {}
    if not found:
        beside = folder.with_name(f"{folder.name}.snapshots")
        hint = f" Did you mean {beside}?" if beside.is_dir() else ""
        state = "holds no snapshots" if folder.is_dir() else "is no folder"
        raise InputNotFoundError(
            f"{folder} {state}; give the folder OUT.snapshots of a training with --snapshots.{hint}"
        )
    cards = {step: read_generator_card(path) for step, path in found.items()}
    first, *others = cards.items()
    for step, card in others:
        if _origin(card) != _origin(first[1]):
            raise ModelFileError(
                f"The snapshots of steps {first[0]} and {step} in {folder} are of different trainings. Keep "
                f"those of one training in a folder."
            )
    return cards


def _origin(card: GeneratorCard) -> dict[str, Any]:
    """Return what all snapshots of a training share."""
    training = card.details["training"]
    said = {k: v for k, v in training.items() if k != "steps"} if isinstance(training, dict) else {}
    return said | {"method": card.method, "size": card.size, "conditions": card.conditions}


def _require_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CheckpointError(f"{out} already exists. Choose another folder for the model, or delete it.")


def _found(
    card: GeneratorCard,
    step: int,
    ground: Ground,
    kept: Findings,
    limit: float,
    options: Mapping[str, Any],
) -> Steps[dict[str, Any]]:
    """Return the row of a snapshot: what was found before, or what is found now."""
    yield Progress(0, 100, f"step {step}: reading")
    model = read_generator(card.path)
    circumstances = {
        "model": model.sha256,
        "data": ground.hashes,
        "choices": {k: v for k, v in plain_choices(ground.wanted).items() if k not in _PLACES},
        "how": {k: v for k, v in options.items() if k != "threads"},
        "versions": [__version__, installed_versions().get("torch")],
    }
    key = sha256(json.dumps(circumstances, sort_keys=True).encode()).hexdigest()
    found = kept.read(card.path.name, key)
    if found is None:
        for_all = score_snapshot(model, ground, **options)
        found = _rounded((yield from _named(for_all, f"step {step}")))
        kept.write(card.path.name, {"key": key, "found": found})
    return {"step": step, "model": str(card.path), **found, "vetoes": vetoes(found["copies"], limit)}


_PLACES = ("images", "conditions", "training", "training_conditions")
"""Choices that say where things are; their content counts."""


def _named(steps: Steps[dict[str, Any]], name: str) -> Steps[dict[str, Any]]:
    while True:
        try:
            tick = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        yield Progress(tick.step, tick.total, f"{name}: {tick.message}", tick.values)


def _content(ground: Ground, rows: list[dict[str, Any]], limit: float) -> dict[str, Any]:
    notes = list(ground.notes)
    if reasons := {row["copies"]["reason"] for row in rows if "reason" in row["copies"]}:
        notes.append(f"no snapshot was searched for copies: {'; '.join(sorted(reasons))}")
    searched = min((row["copies"].get("count", MANY) for row in rows), default=MANY)
    if searched < MANY:
        notes.append(
            f"only {searched} images of a snapshot were searched for copies; the AUC scatters by "
            f"{1 / math.sqrt(6 * searched):.2f}"
        )
    lowest = floor(ground)
    if lowest is None:
        notes.append("the floor of the error is unknown: no condition has two real micrographs")
    return {
        "error_floor": None if lowest is None else round(lowest, _DIGITS),
        "judged": {
            "unseen": ground.unseen,
            "conditions": len(ground.judged),
            "images": len(ground.real),
        },
        "limit": limit,
        "vetoed": [row["step"] for row in rows if row["vetoes"]],
        "snapshots": rows,
        "notes": notes,
    }


def _best(rows: list[dict[str, Any]], content: Mapping[str, Any], table: Path) -> dict[str, Any]:
    """Return the row with the smallest error of those that may be chosen; the earlier one of two alike."""
    allowed = [row for row in rows if not row["vetoes"] and row["error"] is not None]
    if allowed:
        return min(allowed, key=lambda row: (row["error"], row["step"]))
    if not content["vetoed"]:
        raise ParameterError(
            "No descriptor is defined and varies on the real images, so nothing can be judged."
        )
    said = "; ".join(f"step {row['step']}: {', '.join(row['vetoes'])}" for row in rows if row["vetoes"])
    raise ModelFileError(
        f"All {len(rows)} snapshots hand out their training images ({said}), so none was chosen. Train for "
        f"fewer steps, with more micrographs, or with --augment; or raise --limit if you know why. The table "
        f"is in {table}, and the snapshots are untouched."
    )


def _write(source: Path, out: Path, content: Mapping[str, Any]) -> None:
    """Write the chosen snapshot as a model, with what was found in its card."""
    tensors, card = load_model(source)
    rows = [
        {
            "step": row["step"],
            "error": row["error"],
            "auc": row["copies"].get("auc"),
            "auc_floor": row["copies"].get("floor"),
            "vetoes": row["vetoes"],
        }
        for row in content["snapshots"]
    ]
    names = ("step", "error", "error_floor", "judged", "limit", "notes")
    scores = {"choice": {name: content[name] for name in names} | {"snapshots": rows}}
    details = card["details"] | {"scores": dict(card["details"].get("scores") or {}) | scores}
    save_model(out, tensors, card | {"details": details})


def _rounded(value: Any) -> Any:
    """Return plain values with few digits, so that the same choice is the same bytes."""
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_rounded(v) for v in value]
    return round(value, _DIGITS) if isinstance(value, float) else value
