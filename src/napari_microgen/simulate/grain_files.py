"""The files of a grain growth simulation: what is written when, and how a stopped run goes on."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import CheckpointError, CorruptFileError
from ..features import Feature
from ..io.atomic import write_text
from ..io.reading import read
from ..io.writing import write
from ..progress import Progress, Steps, scaled, waited
from ..volume import Kind, Volume
from .grain_growth import GrowingGrains, History, Stage, grow, mean_radius, resume
from .grain_maps import boundary_distance, grain_boundaries
from .grain_patches import random_patches
from .grain_start import voronoi_start

_PREFIXES = ("", "test_")
"""Starts of the names of the files of the first domain and of the one for testing."""
_NOTE = "started.txt"


@dataclass(frozen=True)
class GrainFiles:
    """One run in its folder."""

    out: Path
    method: str
    domain: tuple[int, int]
    grains: int
    stages: tuple[float, ...]
    options: dict[str, Any]
    pixel_size: float | None
    checkpoint_every: float
    rotate: bool
    patch_size: int
    seed: int
    device: str

    def begin(self, *, continued: bool) -> None:
        """Note in the folder what is being made there.

        Raises
        ------
        CheckpointError
            If a run is to be continued that is not there, or was started with other parameters.
        """
        options = sorted(self.options.items()) if self.method == "phase-field" else []
        card = repr((self.method, self.domain, self.grains, self.stages, options, self.pixel_size, self.seed))
        digest, note = sha256(card.encode()).hexdigest(), self.out / _NOTE
        if not continued:
            for prefix in _PREFIXES:
                shutil.rmtree(self.out / f"{prefix}checkpoint", ignore_errors=True)
                (self.out / f"{prefix}growth.csv").unlink(missing_ok=True)
            write_text(note, digest + "\n")
        elif not note.is_file():
            raise CheckpointError(
                f"There is nothing to continue in {self.out}. Leave out --continued to start, or name the "
                f"folder of a run that was stopped."
            )
        elif note.read_text().strip() != digest:
            raise CheckpointError(
                f"The run in {self.out} was started with other parameters. Repeat those, or choose another "
                f"folder."
            )

    def end(self) -> None:
        """Forget that anything is under way."""
        (self.out / _NOTE).unlink(missing_ok=True)

    def grow(self, which: int) -> Steps[History]:
        """Grow one domain, writing each stage when it is reached; return the history."""
        growth, checkpoint = self._path(which, "growth.csv"), self._path(which, "checkpoint")
        if growth.is_file():  # this domain was finished by an earlier run
            return _read_growth(growth)
        state: GrowingGrains = yield from scaled(self._start(which), 0, 5, 100)
        done, history = 0, list[tuple[float, int, int]]()
        if checkpoint.is_dir():
            done, history = resume(state, checkpoint)
        steps = grow(
            state,
            self.stages,
            threads=_threads(),
            checkpoint=checkpoint,
            every=self.checkpoint_every,
            done=done,
            history=history,
        )
        history = yield from scaled(self._kept(steps, which), 5, 95, 100)
        seen: History = history
        lines = [f"{time:g},{left},{stage or ''}\n" for time, left, stage in seen]
        write_text(growth, "time,grains,stage\n" + "".join(lines))
        shutil.rmtree(checkpoint, ignore_errors=True)
        return history

    def finish(self, which: int, history: History, patches: int) -> Steps[tuple[list[str], list[Feature]]]:
        """Write distance maps and patches of each stage; return all names of files, and the truth."""
        files, features = [self._path(which, "growth.csv").name], []
        for number in range(1, len(self.stages) + 1):
            first, share = 100 * (number - 1) // len(self.stages), 100 // len(self.stages)
            path = self._path(which, f"grains_{number}.tif")
            labels = np.asarray(read(path, kind="labels"))
            work = partial(lambda grains: boundary_distance(grain_boundaries(grains)), labels)
            distances = yield from waited(work, first, 100, "measuring distances")
            target = self._path(which, f"distances_{number}.tif")
            yield from waited(
                partial(write, self._map(distances, target.stem, "image"), target), first, 100, "writing"
            )
            files += [path.name, target.name]
            time = next(time for time, _, stage in history if stage == number)
            features += _truth(labels, time, ("test stage" if which else "stage") + f" {number}", self.method)
            if patches:
                cut: dict[str, np.ndarray] = yield from scaled(
                    random_patches(
                        {"distances": distances},
                        patches,
                        self.patch_size,
                        [self.seed, which, number],
                        rotate=self.rotate,
                    ),
                    first,
                    share,
                    100,
                )
                target = self._path(which, f"patches_{number}.zarr")
                volume = Volume(
                    cut["distances"], "ZYX", *self._edges(3), name=target.stem, notes=("simulated",)
                )
                yield from waited(partial(write, volume, target), first + share, 100, "writing")
                files.append(target.name)
        return files, features

    def _path(self, which: int, name: str) -> Path:
        return self.out / f"{_PREFIXES[which]}{name}"

    def _start(self, which: int) -> Steps[GrowingGrains]:
        labels = yield from voronoi_start(self.domain, self.grains, [self.seed, which])
        if self.method == "potts":
            from .grain_potts import Potts

            return Potts(labels, seed=2 * self.seed + which)
        from .grain_phase_field import phase_field

        return phase_field(labels, device=self.device, **self.options)

    def _kept(self, steps: Iterator[Progress | Stage], which: int) -> Steps[History]:
        """Write each stage as a label map, numbered from 1; return the history."""
        history: History = []
        for tick in steps:
            if not isinstance(tick, Stage):
                yield tick
                continue
            history = tick.history
            path = self._path(which, f"grains_{tick.number}.tif")
            kind = np.uint16 if self.grains < np.iinfo(np.uint16).max else np.uint32
            write(self._map(np.asarray(tick.labels + 1, kind), path.stem, "labels"), path)
        return history

    def _edges(self, axes: int) -> tuple[tuple[float | None, ...] | None, str | None]:
        if self.pixel_size is None:
            return None, None
        return (None, self.pixel_size, self.pixel_size)[3 - axes :], "nm"

    def _map(self, data: np.ndarray, name: str, kind: Kind) -> Volume:
        return Volume(data, "YX", *self._edges(2), name=name, kind=kind, notes=("simulated",))


def _truth(labels: np.ndarray, time: float, sample: str, method: str) -> list[Feature]:
    sizes = np.bincount(labels.ravel())
    unit = "sweeps" if method == "potts" else "cell^2 kinetic factor / boundary energy"
    count = int(np.count_nonzero(sizes))
    return [
        Feature(name="count", value=count, method="counted", sample=sample),
        Feature(name="mean_radius", value=mean_radius(sizes), unit="px", method="counted", sample=sample),
        Feature(
            name="mean_area",
            value=labels.size / count,
            unit="px^2",
            method="domain over count",
            sample=sample,
        ),
        Feature(name="time", value=time, unit=unit, method="steps times time step", sample=sample),
    ]


def _read_growth(path: Path) -> History:
    try:
        rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
        return [(float(time), int(left), int(stage or 0)) for time, left, stage in rows]
    except ValueError as error:
        raise CorruptFileError(
            f"{path} is damaged ({error}). Start again without --continued, or in another folder."
        ) from None


def _threads() -> int:
    """Return how many threads may work (``MICROGEN_THREADS`` sets it by hand)."""
    fixed = os.environ.get("MICROGEN_THREADS")
    if fixed:
        return max(1, int(fixed))
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
