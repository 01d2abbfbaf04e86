"""The card of a model: a small JSON file that says what the weights are, and is not believed."""

import json
from pathlib import Path
from typing import Any

from ..errors import ModelFileError

CARD = "card.json"
FORMAT = 1
LARGEST_CARD = 1_000_000
KEYS = {"format": int, "method": str, "package_version": str, "details": dict}
"""Entries of a card and their types; there are no others."""
LONGEST_NAME = 60
DEEPEST = 20


def load_card(folder: Path) -> dict[str, Any]:
    """Read the card in a model folder.

    Raises
    ------
    ModelFileError
        If it is too large, no JSON, or has other entries or types than a card.
    """
    path = folder / CARD
    size = path.stat().st_size
    if size > LARGEST_CARD:
        raise ModelFileError(f"{path} has {size} bytes; a card has at most {LARGEST_CARD}.")
    try:
        card = json.loads(
            path.read_bytes().decode("utf-8"), parse_constant=refuse_constant, object_pairs_hook=unique_names
        )
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is damaged: {error}.") from None
    require_card(card, str(folder))
    return dict(card)


def require_card(card: Any, name: str) -> None:
    """Refuse what is not a card.

    Raises
    ------
    ModelFileError
        If entries are unknown or missing, or have other types or absurd values.
    """
    if not isinstance(card, dict):
        raise ModelFileError(f"The card of {name} is no JSON object.")
    unknown, missing = sorted(map(str, card.keys() - KEYS)), sorted(KEYS.keys() - card.keys())
    if unknown or missing:
        raise ModelFileError(
            f"The card of {name} has unknown entries {unknown} and lacks {missing}; it is not read."
        )
    for key, kind in KEYS.items():
        if type(card[key]) is not kind:
            raise ModelFileError(
                f"The card of {name} has {key} = {str(card[key])[:60]!r}; expected {kind.__name__}."
            )
    if card["format"] != FORMAT:
        raise ModelFileError(
            f"{name} has model format {card['format']}; this version reads {FORMAT}. Update the package."
        )
    method = card["method"]
    if not 0 < len(method) <= LONGEST_NAME or not all(c.isalnum() or c in "-_" for c in method):
        raise ModelFileError(f"The card of {name} names the method {method[:60]!r}, which is no plain name.")
    _require_depth(card["details"], name)


def _require_depth(value: Any, name: str, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise ModelFileError(f"The details of {name} are nested more than {DEEPEST} deep.")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ModelFileError(f"The details of {name} have the key {key!r}, which is no text.")
            _require_depth(inner, name, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            _require_depth(inner, name, depth + 1)


def refuse_constant(text: str) -> Any:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(f"{text} is no JSON number")


def unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the entries of a JSON object; a name that stands twice is refused."""
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a name stands twice")
    return entries
