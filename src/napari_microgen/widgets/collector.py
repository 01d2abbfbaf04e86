"""Keep full collections of garbage, which hold the window for 0.1 s and more, away from live work.

Python looks through all objects of the process whenever enough new ones are there, and a napari window has
some hundred thousand. While a live view is open, the objects that are there already are left out of that;
what comes later is collected as ever. With the last live view closed everything is looked through again.
"""

import gc

_HOLDERS = set[int]()


def rest(holder: object) -> None:
    """Leave the objects that are there now out of collections, until `wake` is called for the same holder."""
    _HOLDERS.add(id(holder))
    gc.freeze()


def wake(holder: object) -> None:
    """Take the objects in again, if nobody else wants them left out."""
    if id(holder) in _HOLDERS:
        _HOLDERS.discard(id(holder))
        if not _HOLDERS:
            gc.unfreeze()
