"""From the words of a command line to the values a parameter takes."""

from pathlib import Path
from typing import Any, get_args, get_origin

from ..errors import ParameterError
from ..parameters import Parameter

NONE_WORDS = ("none", "null")
_EXPECTED: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "yes or no",
    str: "a word",
    Path: "a path",
}


def parse(parameter: Parameter, text: str) -> Any:
    """Return ``text`` as the value of ``parameter``.

    Raises
    ------
    ParameterError
        If the text does not fit; the message names the option, the text and what fits.
    """
    if parameter.optional and text.lower() in NONE_WORDS:
        return None
    kinds = parameter.type if isinstance(parameter.type, tuple) else (parameter.type,)
    for kind in kinds:
        try:
            return _as(kind, text)
        except ValueError:
            continue
    expected = " or ".join(_expected(kind) for kind in kinds)
    raise ParameterError(f"--{option_name(parameter)} got {text!r}; expected {expected}.")


def option_name(parameter: Parameter) -> str:
    """Return the name of a parameter as an option, without the dashes."""
    return parameter.name.rstrip("_").replace("_", "-")


def _as(kind: Any, text: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (tuple, list):
        parts = [part.strip() for part in text.split(",")]
        repeated = origin is list or inner[-1] is Ellipsis
        if not repeated and len(parts) != len(inner):
            raise ValueError(text)
        types = [inner[0]] * len(parts) if repeated else list(inner)
        return origin(_as(t, part) for t, part in zip(types, parts, strict=True))
    if inner:  # a Literal
        for choice in inner:
            if str(choice) == text:
                return choice
        raise ValueError(text)
    if kind is bool:
        words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
        if text.lower() not in words:
            raise ValueError(text)
        return words[text.lower()]
    if kind is Any:
        return text
    return kind(text)


def _expected(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (tuple, list):
        if origin is list or inner[-1] is Ellipsis:
            return f"{_expected(inner[0])}, or several separated by commas"
        return f"{len(inner)} values separated by commas, each {_expected(inner[0])}"
    if inner:
        return "one of " + ", ".join(str(choice) for choice in inner)
    return _EXPECTED.get(kind, str(getattr(kind, "__name__", kind)))
