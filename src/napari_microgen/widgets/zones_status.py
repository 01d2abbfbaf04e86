"""What the status bar says over the layers of a map."""

from collections.abc import Callable
from typing import Any


class MapStatus:
    """Conditions instead of pixels, as the status of a layer.

    It is called from a thread of napari's, so it touches no layer.

    Parameters
    ----------
    name : str
        Of the layer.
    at : callable
        Gives the place of the map at a position of the world, or None outside the map.
    words : callable
        Says what is at a place (across, up).
    """

    def __init__(
        self,
        name: str,
        at: Callable[[Any], tuple[float, float] | None],
        words: Callable[[float, float], str],
    ) -> None:
        self._name, self._at, self._words = name, at, words

    def __call__(self, position: Any = None, **_: Any) -> dict[str, str]:
        """Return what is said of a position, by the entries of the status bar."""
        place = None if position is None else self._at(position)
        words = "outside the map" if place is None else self._words(*place)
        empty = dict.fromkeys(("source_type", "plugin", "value"), "")
        return empty | {
            "layer_name": self._name,
            "layer_base": self._name,
            "coordinates": words,
            "coords": words,
        }
