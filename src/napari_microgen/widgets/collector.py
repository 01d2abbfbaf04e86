"""Keep full collections of garbage, which hold the window for 0.1 s and more, away from live work.

Python looks through all objects of the process whenever enough new ones are there, and a napari window has
some hundred thousand. While a live view is open, the objects that are there already are left out of that;
what comes later is collected as ever. With the last live view closed everything is looked through again.
"""

import gc
from functools import partial

from qtpy.QtCore import QObject

_HOLDERS = set[int]()


def rest(holder: QObject) -> None:
    """Leave the objects that are there now out of collections, until `wake` or the end of the holder."""
    if id(holder) not in _HOLDERS:
        _HOLDERS.add(id(holder))
        holder.destroyed.connect(partial(_release, id(holder)))
    gc.freeze()


def wake(holder: QObject) -> None:
    """Take the objects in again, if nobody else wants them left out."""
    _release(id(holder))


def _release(number: int, *_: object) -> None:
    if number in _HOLDERS:
        _HOLDERS.discard(number)
        if not _HOLDERS:
            gc.unfreeze()
