"""Segment dock: phase map, annotation, training, comparison."""

from typing import Any

from .annotate_page import AnnotatePage
from .compare_page import ComparePage
from .dock import Dock
from .segment_page import SegmentPage
from .train_page import TrainPage

HELP = """**Segment** turns grey values into a phase map: 0 pore, 1 solid.

- **Phase map**: a threshold (otsu), the hybrid method with superpixels, or a trained network (unet).
- **Annotate**: labels to learn from. Start from the hybrid method, then correct by brush or by clicking
  superpixels. Ctrl+Z takes an edit back. Edits are saved to the cache folder by themselves.
- **Train**: a U-Net learns from an image and its annotation in a process of its own; the window stays free.
- **Compare**: accuracy, Jaccard, precision and recall against labels that are right.

Each run gives a new layer. What you edited by hand is never overwritten."""


class SegmentDock(Dock):
    """From an image to a phase map, by threshold or by a network trained on what was painted."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.segment = SegmentPage(self)
        self.annotate = AnnotatePage(self)
        self.train = TrainPage(self)
        self.compare = ComparePage(self)
        for page in (self.segment, self.annotate, self.train, self.compare):
            self.add_page(page)
        self.train.trained.connect(self.segment.use_model)
