"""Let grains grow until they have the wanted sizes; stop and go on at any time."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from ..errors import CheckpointError, ParameterError
from ..io.atomic import atomic_path
from ..progress import Progress

FEWEST = 12
"""Grains that should be left at the last stage."""
_TICK, _SMALL = 0.25, 2**27
History = list[tuple[float, int, int]]
"""Time, number of grains and stage reached (0 for none) at every look."""


class GrowingGrains(Protocol):
    """What moves grains: a phase field or a Potts model."""

    name: str
    look_every: int
    steps_done: int
    whole: bool

    @property
    def time(self) -> float: ...  # noqa: D102
    def labels(self) -> np.ndarray: ...  # noqa: D102
    def seen(self) -> np.ndarray: ...  # noqa: D102
    def sizes(self) -> np.ndarray: ...  # noqa: D102
    def state(self) -> dict[str, np.ndarray]: ...  # noqa: D102
    def restore(self, state: dict[str, np.ndarray], steps_done: int) -> None: ...  # noqa: D102
    def step(self, pool: ThreadPoolExecutor) -> Iterator[None]: ...  # noqa: D102


@dataclass(frozen=True)
class Stage:
    """A moment at which the grains had grown to a wanted size."""

    labels: np.ndarray
    """Grain of each cell, shape (R, C)."""
    number: int
    """Which of the wanted sizes was reached, from 1."""
    history: History
    """Time, number of grains and stage reached (0 for none) at every look since the start."""


def mean_radius(sizes: np.ndarray) -> float:
    """Return the mean of the radii of the grains that are left, each as that of a disk of its area.

    Examples
    --------
    >>> round(mean_radius(np.array([0, 314, 1257])), 2)
    15.0
    """
    return float(np.sqrt(sizes[sizes > 0] / np.pi).mean())


def require_stages(stages: Sequence[float], shape: tuple[int, int]) -> tuple[float, ...]:
    """Return the wanted mean radii if they rise and leave enough grains.

    Raises
    ------
    ParameterError
        If they do not.
    """
    wanted = tuple(float(stage) for stage in stages)
    if not wanted or not all(np.isfinite(wanted)) or list(wanted) != sorted(set(wanted)) or wanted[0] <= 0:
        raise ParameterError(
            f"The stages are {wanted}; give one or more mean radii in cells that rise, such as 14,20."
        )
    left = shape[0] * shape[1] / (1.15 * np.pi * wanted[-1] ** 2)
    if left < FEWEST:
        raise ParameterError(
            f"At a mean radius of {wanted[-1]:g} cells only about {left:.0f} grains would be left on "
            f"{shape[0]} x {shape[1]} cells. Ask for at least {FEWEST}: smaller stages or a larger domain."
        )
    return wanted


def grow(
    grains: GrowingGrains,
    stages: Sequence[float],
    *,
    threads: int = 1,
    checkpoint: Path | None = None,
    every: float = 300.0,
    done: int = 0,
    history: History | None = None,
) -> Iterator[Progress | Stage]:
    """Let grains grow and give a `Stage` each time their mean radius reaches the next wanted one.

    Parameters
    ----------
    grains : GrowingGrains
        The start; it is changed.
    stages : sequence of float
        Mean radii in cells, rising.
    threads : int
        Threads to use; the result does not depend on it.
    checkpoint : Path, optional
        Folder for the state, so that the work can be resumed.
    every : float
        Seconds between two times of writing it.
    done : int
        Stages that were reached before, and
    history : list of (float, int, int), optional
        what was seen until then (see `resume`).

    Yields
    ------
    Progress or Stage
        Ticks at least four times a second; closing the generator stops the work, and leaves a checkpoint
        if that is quick.
    """
    history, radius, left = list(history or ()), 0.0, 0
    saved, tick = time.monotonic(), 0.0
    work: Iterator[None] = iter(())
    with ThreadPoolExecutor(threads) as pool:
        try:
            while done < len(stages):
                if grains.steps_done % grains.look_every == 0 or radius == 0:
                    sizes = grains.sizes()
                    radius, left = mean_radius(sizes), int(np.count_nonzero(sizes))
                if grains.steps_done % grains.look_every == 0:
                    if not history or history[-1][0] < grains.time:
                        history.append((grains.time, left, 0))
                    while done < len(stages) and radius >= stages[done]:
                        done += 1
                        history.append((grains.time, left, done))
                        yield Stage(grains.labels(), done, list(history))
                    if done == len(stages):
                        break
                if time.monotonic() - tick > _TICK:
                    tick = time.monotonic()
                    yield _progress(radius, left, stages, picture(grains.seen()))
                elif len(history) % 10 == 1:
                    yield _progress(radius, left, stages)
                work = grains.step(pool)
                for _ in work:
                    yield _progress(radius, left, stages)
                if checkpoint is not None and time.monotonic() - saved > every:
                    save_checkpoint(grains, checkpoint, done, history)
                    saved = time.monotonic()
        except GeneratorExit:
            size = sum(array.nbytes for array in grains.state().values())
            if checkpoint is not None and size < _SMALL:
                for _ in work:  # the rest of the step in hand: only then the state is whole
                    pass
                if grains.whole and grains.steps_done:
                    save_checkpoint(grains, checkpoint, done, history)
            raise


def picture(labels: np.ndarray) -> np.ndarray:
    """Return a small picture of grains in different greys, which stay the same while they live.

    Examples
    --------
    >>> picture(np.array([[1, 1, 2], [3, 3, 2]])).tolist()
    [[158, 158, 60], [218, 218, 60]]
    """
    every = -(-max(labels.shape) // 256)
    small = labels[::every, ::every].astype(np.uint32)
    return np.asarray((small * np.uint32(2654435761)) >> np.uint32(24), np.uint8)


def _progress(
    radius: float, left: int, stages: Sequence[float], preview: np.ndarray | None = None
) -> Progress:
    """Mean area grows in proportion to time, so its share of the way is that of the work."""
    share = min(radius / stages[-1], 1.0) ** 2
    values = {"mean_radius": radius, "grains": float(left)}
    return Progress(int(1000 * share), 1000, f"{left} grains, mean radius {radius:.1f}", values, preview)


def save_checkpoint(grains: GrowingGrains, checkpoint: Path, done: int, history: History) -> None:
    """Write the whole state, atomically.

    Raises
    ------
    SaveError
        If it cannot be written; the checkpoint before is untouched.
    """
    card = {"microgen_grains": 1, "method": grains.name, "steps": grains.steps_done, "stages": done}
    with atomic_path(checkpoint) as temporary:
        temporary.mkdir()
        for name, array in grains.state().items():
            np.save(temporary / f"{name}.npy", array)
        (temporary / "card.json").write_text(json.dumps(card | {"history": history}))


def resume(grains: GrowingGrains, checkpoint: Path) -> tuple[int, History]:
    """Put grains into the state of a checkpoint; return how many stages were reached, and the history.

    Raises
    ------
    CheckpointError
        If there is none, or it belongs to another method or domain.
    """
    try:
        card = json.loads((checkpoint / "card.json").read_text())
        state = {name: np.load(checkpoint / f"{name}.npy", allow_pickle=False) for name in grains.state()}
        steps, done, method = int(card["steps"]), int(card["stages"]), card["method"]
        history = [(float(time), int(left), int(stage)) for time, left, stage in card["history"]]
    except FileNotFoundError:
        raise CheckpointError(
            f"There is nothing to resume in {checkpoint.parent} for these parameters. Leave out --resume to "
            f"start, or repeat the parameters the work was started with."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"The checkpoint in {checkpoint} cannot be read: {error}.") from None
    for name, array in grains.state().items():
        if method != grains.name or state[name].shape != array.shape or state[name].dtype != array.dtype:
            raise CheckpointError(
                f"The checkpoint in {checkpoint} is one of {method} with {name} of shape "
                f"{state[name].shape}; {grains.name} with {array.shape} was asked for. Repeat the parameters "
                f"it was started with."
            )
    grains.restore(state, steps)
    return done, history
