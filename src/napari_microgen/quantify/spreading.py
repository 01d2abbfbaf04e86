"""Measure one large volume on the workers of a dask.distributed cluster.

What can be counted is counted in chunks of planes, many on each worker, and added up by the
worker that has most of the counts, which gives exactly what one machine gives. What needs the
whole volume at once (tortuosity, struts, thickness, percolation) is one task for each quantity.
Workers read the file themselves, so they must see the same path. Long tasks go first, and only
features come back.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from ..features import Feature, FeatureTable
from ..io.reading import read
from ..progress import Progress, Steps, finish
from ..volume import Volume, require_labels
from .catalogue import Quantity, chosen, quantities
from .chunk import Chunk, bounds
from .discretisation import Changes, counting_changes
from .table import (
    absence,
    options_of,
    require_room,
    sources_of,
    spacing_of,
    table_of,
    unfit,
    wanted_features,
    without_value,
)
from .threads import one_thread_elsewhere, this_process

CHUNKS_PER_WORKER = 8
_LEAST_PLANES = 4


@dataclass
class Counted:
    """What a worker found in its planes."""

    present: set[int]
    """Labels it met."""
    changes: Changes
    """For the resolution."""
    counts: dict[str, Any] = field(default_factory=dict)
    """By quantity."""

    def __add__(self, other: "Counted") -> "Counted":
        counts = {name: mine + other.counts[name] for name, mine in self.counts.items()}
        return Counted(self.present | other.present, self.changes + other.changes, counts)


@dataclass
class Found:
    """What follows from the counts of all planes."""

    present: set[int]
    changes: Changes
    features: dict[str, list[Feature]]
    """By quantity."""


def can_spread(labels: Volume, arguments: dict[str, Any]) -> bool:
    """Return whether a volume is measured in parts: sub-volumes and images are one task."""
    parts = ("voi_count", "voi_size", "voi_curve")
    return labels.is_stack and not any(arguments.get(name) for name in parts)


def spread_steps(
    client: Any, path: Path, arguments: dict[str, Any], reading: dict[str, Any]
) -> Steps[FeatureTable | None]:
    """Measure one label map on the workers of a cluster.

    Parameters
    ----------
    client : dask.distributed.Client
        Connected to the scheduler.
    path : Path
        The label map; every worker must see it.
    arguments : dict
        Of `quantify`.
    reading : dict
        Of `io.reading.read`.

    Yields
    ------
    Progress
        In tasks done.

    Returns
    -------
    FeatureTable or None
        As `quantify` gives it; None if this map is better measured in one piece.
    """
    labels = require_labels(read(path, kind="labels", **reading), "measuring")
    if not can_spread(labels, arguments):
        return None
    phase, names = arguments.get("phase", 1), tuple(arguments.get("features", ("all",)))
    spacing = spacing_of(labels)
    picked = chosen(names, 3)
    found = {
        q.module: without_value(q, reason) for q in picked if (reason := unfit(q, 3, spacing)) is not None
    }
    wanted = [q for q in sources_of(picked, 3) if unfit(q, 3, spacing) is None]
    counted = [q for q in wanted if _counts(q, labels.shape)]
    extrapolate = bool(arguments.get("extrapolate", False))
    whole = [q for q in wanted if q not in counted]
    require_room(whole, labels.shape, spacing, extrapolate=extrapolate)
    workers = client.nthreads()
    groups = in_groups(counted, labels.shape, spacing, CHUNKS_PER_WORKER * sum(workers.values()))
    where = (this_process(), path, reading, phase)
    options = options_of(extrapolate)
    submit = partial(client.submit, pure=False)
    futures = [submit(measure_whole, *where, q.module, options.get(q.module, {})) for q in whole]
    chunks = [
        [submit(count_chunk, *where, modules, *piece) for piece in bounds(labels.n_planes, count)]
        for count, modules in sorted(groups.items())
    ]
    totals = [submit(add_up, counts, labels.shape, spacing, priority=1) for counts in chunks]
    results = yield from gathered(client, [*futures, *totals], [future for c in chunks for future in c])
    found |= {q.module: features for q, features in zip(whole, results, strict=False)}
    for total in results[len(whole) :]:
        found |= total.features
    measured = wanted_features(found, picked, 3, spacing, names)
    remark = absence(phase, results[-1].present)
    facts = {"chunks": max(groups), "workers": len(workers)}
    return table_of(measured, labels, phase, results[-1].changes.resolution, remark, facts)


def in_groups(
    counted: Sequence[Quantity], shape: tuple[int, ...], spacing: tuple[float, ...] | None, most: int
) -> dict[int, tuple[str, ...]]:
    """Return quantities by number of chunks: the more planes a chunk shares with others, the fewer chunks.

    There is always one group, if only to count the labels.
    """
    groups: dict[int, tuple[str, ...]] = {}
    for quantity in counted:
        shared = sum(quantity.load().halo(shape, spacing))
        chunks = max(1, min(most, shape[0] // max(_LEAST_PLANES, 2 * shared)))
        groups[chunks] = (*groups.get(chunks, ()), quantity.module)
    return groups or {max(1, min(most, shape[0] // _LEAST_PLANES)): ()}


def gathered(client: Any, wanted: Sequence[Any], others: Sequence[Any] = ()) -> Steps[list[Any]]:
    """Wait for the wanted tasks; cancel what is not done if the work is stopped.

    The others are those that they build on: they count as progress, and stay on the workers.
    """
    from dask.distributed import wait

    everything = [*wanted, *others]
    try:
        while left := [future for future in everything if not future.done()]:
            done = len(everything) - len(left)
            yield Progress(done, len(everything), f"{done} of {len(everything)} tasks")
            with suppress(TimeoutError), client.as_current():
                wait(left, timeout=0.25, return_when="FIRST_COMPLETED")
        return list(client.gather(list(wanted)))
    finally:
        client.cancel([future for future in everything if not future.done()])


def _counts(quantity: Quantity, shape: tuple[int, ...]) -> bool:
    return hasattr(quantity.load(), "count") and min(shape) >= 2


def _quantity(module: str) -> Quantity:
    return next(q for q in quantities() if q.module == module)


def _planes(labels: Volume, phase: int, first: int, last: int) -> np.ndarray:
    return np.stack([labels.plane(k) == phase for k in range(first, last)])


def count_chunk(
    home: tuple[str, int],
    path: Path,
    reading: dict[str, Any],
    phase: int,
    modules: Sequence[str],
    start: int,
    stop: int,
) -> Counted:
    """Count quantities in planes ``start`` to ``stop`` of a file (runs on a worker)."""
    one_thread_elsewhere(home)
    labels = require_labels(read(path, kind="labels", **reading), "measuring")
    spacing = spacing_of(labels)
    loaded = {module: _quantity(module).load() for module in modules}
    halos = [(1, 0), *(module.halo(labels.shape, spacing) for module in loaded.values())]
    low = max(0, start - max(above for above, _ in halos))
    high = min(labels.n_planes, stop + max(below for _, below in halos))
    chunk = Chunk(_planes(labels, phase, low, high), start, stop, low, labels.shape)
    present = {int(value) for k in range(start, stop) for value in np.unique(labels.plane(k))}
    counted = Counted(present, finish(counting_changes(chunk)))
    for name, module in loaded.items():
        counted.counts[name] = finish(module.count(chunk, spacing))
    return counted


def add_up(parts: Sequence[Counted], shape: tuple[int, ...], spacing: tuple[float, ...] | None) -> Found:
    """Add the counts of all chunks and work the features out (runs on a worker)."""
    total = reduce(add, parts)
    features = {
        module: _quantity(module).load().features(counts, shape, spacing)
        for module, counts in total.counts.items()
    }
    return Found(total.present, total.changes, features)


def measure_whole(
    home: tuple[str, int],
    path: Path,
    reading: dict[str, Any],
    phase: int,
    module: str,
    options: dict[str, Any],
) -> list[Feature]:
    """Measure one quantity of a file (runs on a worker)."""
    one_thread_elsewhere(home)
    labels = require_labels(read(path, kind="labels", **reading), "measuring")
    mask = _planes(labels, phase, 0, labels.n_planes)
    found: list[Feature] = finish(_quantity(module).load().measure(mask, spacing_of(labels), **options))
    return found
