"""The first picture layer of a window takes a third of a second; this is spent before somebody waits."""

from importlib import import_module

from qtpy.QtCore import QObject

from .latest import Latest
from .settings import device

NEEDED = ("scipy.ndimage", "PIL.ImageDraw", "PIL.ImageFont")


class FirstLayer(Latest):
    """Import what a picture layer needs in a thread, then make one and drop it; nothing is shown."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.done.connect(lambda _: _make())
        self.run(lambda: [import_module(name) for name in NEEDED])


def _make() -> None:
    """Make a layer in the window's thread, as tables of units come with it, and read the settings."""
    import numpy as np
    from napari.layers import Image

    Image(np.zeros((2, 2), np.uint8), units=("pixel", "pixel"))
    device()
