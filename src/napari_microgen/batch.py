"""One operation over many files: goes on past a bad one and names it at the end."""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from .errors import InputNotFoundError, MicrogenError, MissingExtraError
from .features import FeatureTable
from .operations import OPERATIONS, run
from .parameters import describe
from .progress import Progress, Steps, finish, scaled

_SHARE = 100


@dataclass(frozen=True)
class Batch:
    """What came out of many files."""

    table: FeatureTable
    """The features of every file that could be measured; ``sample`` says which."""
    failed: tuple[tuple[str, str], ...]
    """Path and error of every file that could not."""


def run_batch(
    identifier: str,
    paths: Sequence[Path],
    *,
    arguments: Mapping[str, Any],
    reading: Mapping[str, Any] | None = None,
    scheduler: str | None = None,
) -> Steps[Batch]:
    """Run an operation that gives a table on each of several files.

    Parameters
    ----------
    identifier : str
        A key of `OPERATIONS` whose function takes one image or label map and returns a `FeatureTable`.
    paths : sequence of Path
        The files; a folder is a stack of slices.
    arguments : mapping
        The other parameters of the operation.
    reading : mapping, optional
        What the files do not say (voxel size, unit, axes, channel).
    scheduler : str, optional
        Address of a dask.distributed scheduler, such as ``tcp://host:8786``: files are measured by its
        workers, which must see the same paths. A single volume is cut into chunks for them where its
        quantities allow.

    Yields
    ------
    Progress
        Ticks; closing the generator stops the work.

    Returns
    -------
    Batch
        The joint table and the files that failed.

    Raises
    ------
    InputNotFoundError
        If there is no scheduler at the address.
    MissingExtraError
        If a scheduler is named and dask.distributed is not installed.
    """
    names = _sample_names(paths)
    work = _here if scheduler is None else _there
    outcomes = yield from work(identifier, paths, dict(arguments), dict(reading or {}), scheduler)
    features, failed = [], []
    for name, path, outcome in zip(names, paths, outcomes, strict=True):
        if isinstance(outcome, str):
            failed.append((str(path), outcome))
        else:
            features += [
                replace(feature, sample=f"{name}, {feature.sample}" if feature.sample else name)
                for feature in outcome
            ]
    return Batch(FeatureTable(tuple(features), facts={"samples": len(paths) - len(failed)}), tuple(failed))


def measure_file(
    identifier: str, path: Path, arguments: dict[str, Any], reading: dict[str, Any]
) -> Generator[Progress, None, FeatureTable | str]:
    """Read one file and run the operation on it; an error of this package becomes its text."""
    from .io.reading import read

    parameter = next(p for p in describe(OPERATIONS[identifier].load()).parameters if p.is_volume)
    try:
        volume = read(path, kind="labels" if parameter.name == "labels" else "image", **reading)
        result: FeatureTable = yield from run(identifier, **{parameter.name: volume}, **arguments)
    except MicrogenError as error:
        return " ".join(str(error).split())
    return result


def _measure_file_whole(
    home: tuple[str, int], identifier: str, path: Path, arguments: dict[str, Any], reading: dict[str, Any]
) -> Any:
    from .quantify.threads import one_thread_elsewhere

    one_thread_elsewhere(home)
    return finish(measure_file(identifier, path, arguments, reading))


def _here(
    identifier: str, paths: Sequence[Path], arguments: dict[str, Any], reading: dict[str, Any], _: str | None
) -> Steps[list[FeatureTable | str]]:
    outcomes: list[FeatureTable | str] = []
    for index, path in enumerate(paths):
        steps = measure_file(identifier, path, arguments, reading)
        outcomes.append((yield from scaled(steps, _SHARE * index, _SHARE, _SHARE * len(paths))))
    return outcomes


def _there(
    identifier: str,
    paths: Sequence[Path],
    arguments: dict[str, Any],
    reading: dict[str, Any],
    address: str | None,
) -> Steps[list[FeatureTable | str]]:
    from .quantify.threads import this_process

    try:
        from dask.distributed import Client
    except ImportError:
        raise MissingExtraError(
            "A scheduler was named, but dask.distributed is not installed; run: pip install distributed"
        ) from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputNotFoundError(
            f"No dask scheduler answers at {address} ({error}); start one or leave it out."
        ) from None
    with client:
        if not client.nthreads():
            raise InputNotFoundError(
                f"The dask scheduler at {address} has no workers; start one: dask worker {address}"
            )
        whole = [Path(path).resolve() for path in paths]
        if len(whole) == 1 and identifier in _SPREAD:
            outcome = yield from _spread_one(client, identifier, whole[0], arguments, reading)
            if outcome is not None:
                return [outcome]
        home = this_process()
        futures = [
            client.submit(_measure_file_whole, home, identifier, path, arguments, reading, pure=False)
            for path in whole
        ]
        try:
            while not all(future.done() for future in futures):
                done = sum(future.done() for future in futures)
                yield Progress(done, len(futures), f"{done} of {len(futures)} files")
                time.sleep(0.1)
            return [_outcome(future) for future in futures]
        finally:
            client.cancel([future for future in futures if not future.done()])


def _outcome(future: Any) -> FeatureTable | str:
    """Return what a task gave; that a worker was lost is the error of one file, not of the batch."""
    from dask.distributed import KilledWorker

    try:
        return future.result()
    except (KilledWorker, OSError) as error:
        return _LOST.format(type(error).__name__)


_LOST = "A worker that measured it was lost ({}), perhaps for want of memory. Give workers more, or crop."


_SPREAD = {"quantify": "quantify.spreading"}
"""Operations whose single file is spread over the workers, and where its ``spread_steps`` lives."""


def _spread_one(
    client: Any, identifier: str, path: Path, arguments: dict[str, Any], reading: dict[str, Any]
) -> Steps[FeatureTable | str | None]:
    """Spread one file over the workers; an error of this package becomes its text."""
    from dask.distributed import KilledWorker

    spreading = import_module(f"napari_microgen.{_SPREAD[identifier]}")
    try:
        return (yield from spreading.spread_steps(client, path, arguments, reading))  # type: ignore[no-any-return]
    except MicrogenError as error:
        return " ".join(str(error).split())
    except (KilledWorker, OSError) as error:
        return _LOST.format(type(error).__name__)


def _sample_names(paths: Sequence[Path]) -> list[str]:
    """Return the shortest names that tell the files apart."""
    stems = [Path(path).stem for path in paths]
    return stems if len(set(stems)) == len(stems) else [str(path) for path in paths]
