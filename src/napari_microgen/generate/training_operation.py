"""Make the operation ``train METHOD`` out of a function that names the method's own options only."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from ..progress import Steps
from .options import TrainingOptions

R = TypeVar("R")

SHARED = inspect.signature(TrainingOptions).parameters
"""The parameters that every training has, by name."""
REQUIRED = sum(parameter.default is parameter.empty for parameter in SHARED.values())
"""How many of them, the first ones, must be given."""
OUTCOME = """Returns
-------
dict
    ``model``, ``steps``, ``seconds``, ``images_per_second``, ``parameters`` (by network),
    ``images``, ``conditions`` (how many different ones), ``patch_size``, ``pixel_size``,
    ``unit``, ``device``, ``processes``, ``precision``, ``threads``, ``notes``;
    ``snapshots`` (``folder``, ``steps``, ``bytes``) where some were asked for.

Raises
------
ConditionsError
    If table and images do not fit; everything that does not is listed.
ShapeMismatchError, UnknownVoxelSizeError, AxesError, NonFiniteError
    If images are too small, of different magnifications, not grey or not finite.
CheckpointError
    If there is nothing to resume, or ``out`` is in use.
DivergedError
    If a loss is no longer finite; the last good checkpoint is kept.
SaveError
    If nothing can be written there.
"""
"""How the docstring of every training ends."""


def training_operation(
    *, steps: str, patch_size: str, batch_size: str
) -> Callable[[Callable[..., Steps[R]]], Callable[..., Steps[R]]]:
    """Make a training with all of `TrainingOptions` out of one that names its own options only.

    The function takes the shared options as one object, then its own by keyword. What comes out takes
    both by keyword, and its signature, annotations and docstring have both: the required ones first,
    then the function's own, then the other shared ones.

    Parameters
    ----------
    steps, patch_size, batch_size : str
        What the method takes where the user gives none, for the help of these three.

    Raises
    ------
    TypeError
        When it is applied, if the function has an option of a name that every training has.

    Examples
    --------
    >>> from pathlib import Path
    >>> from napari_microgen.progress import Progress, finish
    >>> @training_operation(steps="100", patch_size="64", batch_size="8")
    ... def train_blur(options: TrainingOptions, *, width: float = 2.0) -> Steps[float]:
    ...     '''Train nothing at all.
    ...
    ...     Parameters
    ...     ----------
    ...     width : float
    ...         Of the blur, in px.
    ...     '''
    ...     yield Progress(0)
    ...     return width * options.seed
    >>> list(inspect.signature(train_blur).parameters)[:5]
    ['images', 'conditions', 'out', 'width', 'steps']
    >>> finish(train_blur(images=Path("a"), conditions=Path("b"), out=Path("c"), width=3.0, seed=2))
    6.0
    """
    left_out = {"steps": steps, "patch_size": patch_size, "batch_size": batch_size}

    def decorate(function: Callable[..., Steps[R]]) -> Callable[..., Steps[R]]:
        signature = inspect.signature(function)
        _, *own = signature.parameters.values()
        if twice := [parameter.name for parameter in own if parameter.name in SHARED]:
            raise TypeError(f"{function.__name__}: every training has {', '.join(twice)} already.")
        shared = list(SHARED.values())
        parameters = [*shared[:REQUIRED], *own, *shared[REQUIRED:]]

        @wraps(function)
        def training(**arguments: Any) -> Steps[R]:
            mine = {name: value for name, value in arguments.items() if name not in SHARED}
            return (yield from function(TrainingOptions.of(arguments), **mine))

        training.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        training.__annotations__ = {p.name: p.annotation for p in parameters}
        training.__annotations__["return"] = signature.return_annotation
        training.__doc__ = function.__doc__ and _document(function.__doc__, left_out)
        return training

    return decorate


def _document(own: str, left_out: Mapping[str, str]) -> str:
    """Return the docstring of a training: its own, with the shared options around its own ones."""
    title = "Parameters\n----------\n"
    head, _, mine = inspect.cleandoc(own).partition(title)
    blocks = inspect.cleandoc(TrainingOptions.__doc__ or "").partition(title)[2]
    entries = {block.split()[0]: block.strip() for block in re.split(r"(?m)^(?=\w)", blocks) if block}
    for name, text in left_out.items():
        entries[name] += f" Left out: {text}."
    shared = [entries[name] for name in SHARED]
    return "\n".join([f"{head}{title.rstrip()}", *shared[:REQUIRED], mine, *shared[REQUIRED:], "", OUTCOME])
