"""Load and Prepare dock: open, clean, crop."""

from typing import Any

from .crop_page import CropPage
from .dock import Dock
from .load_page import LoadPage
from .prepare_page import PreparePage

HELP = """**Load and Prepare** brings an image or stack into shape.

- **Load**: choose a file or folder; what is in it is shown before it is opened. An unknown voxel size is
  asked for once and then belongs to the layer.
- **Prepare**: tick the steps; they are done in the order shown. **Preview this plane** shows what they do
  before the whole stack is worked on.
- **Crop**: find the data bar and cut it off, or cut out a volume of interest by a box and by numbers.

Each run gives a new layer that lies where its source lies and records how it was made. Nothing is changed
in place."""


class LoadDock(Dock):
    """From a file to a clean image with a known voxel size."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.load = LoadPage(self)
        self.prepare = PreparePage(self)
        self.crop = CropPage(self)
        for page in (self.load, self.prepare, self.crop):
            self.add_page(page)
