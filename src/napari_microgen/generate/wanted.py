"""Conditions as a user writes them, ``NAME=VALUE``, checked against those of a model."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError

if TYPE_CHECKING:
    from .card import GeneratorCard
    from .model import GeneratorModel


def wanted_conditions(
    model: "GeneratorModel | GeneratorCard", words: Sequence[str]
) -> dict[str, float | str | None]:
    """Return the value of each condition of a model.

    Parameters
    ----------
    model : GeneratorModel or GeneratorCard
        Whose conditions.
    words : sequence of str
        ``NAME=VALUE``, one per condition; a condition that was always the same in the
        training may be left out, and one that was sometimes missing may be ``unknown``.

    Raises
    ------
    ParameterError
        If a name is unknown, twice or lacking, or a value is no number or no known label.
    """
    given: dict[str, str] = {}
    known = {str(entry["name"]): entry for entry in model.conditions}
    for word in words:
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals or not value:
            raise ParameterError(f"--set got {word!r}; expected NAME=VALUE, with {_listed(known)}.")
        if name not in known:
            raise ParameterError(f"The model has no condition {name!r}; it has {_listed(known)}.")
        if name in given:
            raise ParameterError(f"--set gives {name} twice; give one value.")
        given[name] = value
    generator = getattr(model, "generator", None)
    encoder = generator.setup.encoder if generator is not None else model.encoder  # type: ignore[union-attr]
    parts = {part.condition.name: part for part in encoder.scaler.parts}
    found = {name: _value(entry, given.get(name), parts[name].indicator) for name, entry in known.items()}
    lacking = [name for name, value in found.items() if value is _LACKING]
    if lacking:
        raise ParameterError(f"--set does not give {', '.join(lacking)}. The model has {_listed(known)}.")
    return found


_LACKING: Any = object()


def _value(entry: Mapping[str, Any], text: str | None, may_lack: bool) -> float | str | None:
    name = entry["name"]
    if text is not None and text.lower() == "unknown" and may_lack:
        return None
    if entry["kind"] == "categorical":
        values = entry["values"]
        if text is None:
            return str(values[0]) if len(values) == 1 else _LACKING
        if text not in values:
            raise ParameterError(f"{name} is {text!r}; the model knows {', '.join(values)}.")
        return text
    if text is None:
        return float(entry["low"]) if entry["low"] == entry["high"] else _LACKING
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    lowest = {"log": 0.0, "log1p": -1.0}.get(str(entry.get("transform")), -math.inf)
    if not math.isfinite(number) or number <= lowest:
        need = "a finite number" if lowest == -math.inf else f"a number above {lowest:g}"
        raise ParameterError(f"{name} is {text!r}; expected {need}{_in_unit(entry)}.")
    return number


def _in_unit(entry: Mapping[str, Any]) -> str:
    return f" in {entry['unit']}" if entry.get("unit") else ""


def _listed(known: Mapping[str, Mapping[str, Any]]) -> str:
    """Return names with the values the training saw."""
    parts = []
    for name, entry in known.items():
        if entry["kind"] == "categorical":
            parts.append(f"{name} ({', '.join(entry['values'][:6])})")
        else:
            parts.append(f"{name} ({entry['low']:g} to {entry['high']:g}{_in_unit(entry)[3:]})")
    return ", ".join(parts)
