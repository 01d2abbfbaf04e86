"""The images of many cells, made side by side on all cores in batches of one fixed size.

A network gives bit-equal images for the same batch size only, so every batch is filled up to that
size: what a cell looks like then does not depend on which other cells are made with it.
"""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..generate.images import make_images
from ..generate.model import GeneratorModel
from ..progress import Progress, Steps
from ..train.devices import choose_device, threads_kept
from ..train.timing import available_cores

PIXELS = {"cpu": 8 * 64**2, "cuda": 256 * 64**2}
"""Pixels of a batch: few enough to stop between two evaluations within a second."""
TICK = 0.2
"""Longest time without a tick, in s."""


@dataclass(frozen=True)
class Wanted:
    """One image to make."""

    row: Mapping[str, Any]
    """Its conditions."""
    number: int
    """Number that its noise comes from, together with the seed."""


def batch_size(model: GeneratorModel, device: str) -> int:
    """Return how many images are made at once."""
    return max(1, min(256, PIXELS[device] // model.size**2))


def images_side_by_side(
    model: GeneratorModel,
    wanted: Sequence[Wanted],
    *,
    seed: int,
    device: str = "cpu",
    workers: int | None = None,
    **options: Any,
) -> Iterator[Progress | tuple[int, np.ndarray]]:
    """Make images on all cores and give each batch when it is done.

    Parameters
    ----------
    model : GeneratorModel
        What makes them.
    wanted : sequence of Wanted
        What to make, most urgent first.
    seed : int
        Seed of all noise.
    device : {"auto", "cpu", "cuda"}
        Where.
    workers : int, optional
        Batches made at the same time on the processor; one per core if left out.
    **options
        ``evaluations`` and ``sampler``.

    Yields
    ------
    Progress or (int, ndarray)
        Ticks, and batches as the place of their first image and the images (n, R, C), in the order
        in which they are done. Closing the generator stops the work at the next evaluation.
    """
    where = choose_device(device)
    batch = batch_size(model, where)
    starts = list(range(0, len(wanted), batch))
    threads = 1 if where == "cuda" else max(1, min(workers or available_cores(), len(starts)))
    jobs: queue.SimpleQueue[int] = queue.SimpleQueue()
    for start in starts:
        jobs.put(start)
    done: queue.SimpleQueue[tuple[int, np.ndarray] | Exception] = queue.SimpleQueue()
    stop, first = threading.Event(), threading.Lock()

    def work() -> None:
        try:
            while not stop.is_set():
                try:
                    start = jobs.get_nowait()
                except queue.Empty:
                    return
                part = _padded(wanted[start : start + batch], batch)
                rows, numbers = [w.row for w in part], [w.number for w in part]
                steps = make_images(
                    model, rows, seed=seed, device=where, threads=1, numbers=numbers, **options
                )
                with first:  # the networks are moved to the device at the first tick
                    next(steps)
                images = _driven(steps, stop)
                if images is not None:
                    done.put((start, images[: len(wanted) - start]))
        except Exception as error:  # raised again where the work was asked for
            done.put(error)

    with threads_kept():
        pool = [threading.Thread(target=work, name=f"cells {n}", daemon=True) for n in range(threads)]
        try:
            for thread in pool:
                thread.start()
            yield from _collected(done, starts, len(wanted), batch)
        finally:
            stop.set()
            for thread in pool:
                thread.join()


def _collected(
    done: "queue.SimpleQueue[tuple[int, np.ndarray] | Exception]", starts: list[int], total: int, batch: int
) -> Iterator[Progress | tuple[int, np.ndarray]]:
    made = 0
    for _ in starts:
        while True:
            try:
                found = done.get(timeout=TICK)
            except queue.Empty:
                yield Progress(min(made, total), total, "generating")
                continue
            break
        if isinstance(found, Exception):
            raise found
        made += len(found[1])
        yield found


def _driven(steps: Steps[Any], stop: threading.Event) -> np.ndarray | None:
    """Run a generation to its end; None if it was stopped."""
    while True:
        if stop.is_set():
            steps.close()
            return None
        try:
            next(steps)
        except StopIteration as end:
            images: np.ndarray = end.value.images
            return images


def _padded(part: Sequence[Wanted], batch: int) -> list[Wanted]:
    return [*part, *[part[-1]] * (batch - len(part))]
