"""The parameters of an operation as its signature and docstring state them.

Command line and docks are built from this, so names, defaults, choices and help text
are written once: in the function.
"""

import inspect
import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .features import FeatureTable
from .progress import Stepwise
from .volume import Volume

MISSING = inspect.Parameter.empty
"""The default of a parameter that must be given."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    """Its name in Python."""
    type: Any
    """Its type without None: a class, a ``Literal``, ``tuple[float, ...]``, ``list[Path]`` ..."""
    optional: bool
    """True if None is allowed."""
    default: Any
    """Its default, or `MISSING`."""
    help: str
    """Its description, from the docstring."""
    positional: bool
    """True if it is an input, given by place; False if it is an option, given by name."""

    @property
    def required(self) -> bool:
        """True if there is no default."""
        return self.default is MISSING

    @property
    def is_volume(self) -> bool:
        """True if it takes an image or a label map."""
        return self.type is Volume

    @property
    def choices(self) -> tuple[Any, ...]:
        """The allowed values of a ``Literal``; empty for other types."""
        return typing.get_args(self.type) if typing.get_origin(self.type) is typing.Literal else ()

    @property
    def item_types(self) -> tuple[Any, ...]:
        """The types inside a tuple or list; empty for other types."""
        return typing.get_args(self.type) if typing.get_origin(self.type) in (tuple, list) else ()


@dataclass(frozen=True)
class Description:
    """An operation as a front needs it."""

    summary: str
    """The first line of the docstring."""
    text: str
    """The paragraphs between the summary and the first section."""
    parameters: tuple[Parameter, ...]
    """The parameters, in order."""
    returns: Any
    """The type of the result: `Volume`, `FeatureTable`, dict, ..."""

    @property
    def returns_volume(self) -> bool:
        """True if the result is an image or a label map."""
        return self.returns is Volume

    @property
    def returns_table(self) -> bool:
        """True if the result is a table of features."""
        return self.returns is FeatureTable


def describe(function: Callable[..., Any]) -> Description:
    """Return what the signature and docstring of an operation say.

    Examples
    --------
    >>> def shift(image: Volume, *, rows: int = 2) -> Volume:
    ...     '''Shift an image.
    ...
    ...     Parameters
    ...     ----------
    ...     image : Volume
    ...         Any image.
    ...     rows : int
    ...         How far, in rows.
    ...     '''
    >>> [(p.name, p.default, p.help) for p in describe(shift).parameters if not p.is_volume]
    [('rows', 2, 'How far, in rows.')]
    """
    plain = function.steps if isinstance(function, Stepwise) else function
    signature = inspect.signature(plain, eval_str=True)
    document = inspect.getdoc(plain) or ""
    summary, text, sections = _split(document)
    helps = _parameter_helps(sections.get("Parameters", ""))
    parameters = tuple(_parameter(p, helps) for p in signature.parameters.values())
    return Description(summary, text, parameters, _result_type(signature.return_annotation))


def _parameter(parameter: inspect.Parameter, helps: dict[str, str]) -> Parameter:
    kind, optional = _without_none(parameter.annotation)
    by_place = parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    positional = (
        by_place and parameter.default is MISSING and kind in (Volume, Path) and parameter.name != "out"
    )
    return Parameter(
        parameter.name, kind, optional, parameter.default, helps.get(parameter.name, ""), positional
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kinds = [a for a in typing.get_args(annotation) if a is not type(None)]
        return (kinds[0] if len(kinds) == 1 else tuple(kinds)), len(kinds) < len(typing.get_args(annotation))
    return annotation, False


def _result_type(annotation: Any) -> Any:
    if typing.get_origin(annotation) is not None and "Generator" in str(typing.get_origin(annotation)):
        annotation = typing.get_args(annotation)[2]
    return typing.get_origin(annotation) or annotation


def _split(document: str) -> tuple[str, str, dict[str, str]]:
    """Return the summary, the text, and the sections of a numpydoc docstring."""
    head, *rest = re.split(r"(?m)^(\w[\w ]*)\n-{3,}\n", document)
    paragraphs = [" ".join(p.split()) for p in head.strip().split("\n\n")]
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    return paragraphs[0], "\n\n".join(paragraphs[1:]), sections


def _parameter_helps(section: str) -> dict[str, str]:
    helps: dict[str, str] = {}
    for block in re.split(r"(?m)^(?=\S)", section):
        head, _, body = block.partition("\n")
        text = " ".join(body.split())
        for name in head.partition(":")[0].split(","):
            if name.strip():
                helps[name.strip()] = text
    return helps
