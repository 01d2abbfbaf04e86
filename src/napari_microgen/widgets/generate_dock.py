"""Generate dock: train a generator, choose its best moment, make images for chosen conditions."""

from typing import Any

from .dock import Dock
from .generate_choose import GenerateChoosePage
from .generate_make import MakePage
from .generate_train import GenerateTrainPage

HELP = """**Generate** makes synthetic micrographs for chosen processing conditions.

- **Make**: open a model; move a slider per condition and the image follows, first as a quick preview, then
  complete. A flag says where the conditions lie among those of the training: *seen*, *interpolated*, *gap* or
  *extrapolated*, where the images are a guess. *Add samples* adds a stack that stays, with the conditions in
  its features.
- **Train**: choose a folder of micrographs and a table with one row per image. What is wrong with them is
  listed at once. Losses are drawn as they fall, with generated patches above real ones. *Pause* keeps a
  checkpoint; go on later. The finished model opens on the Make page.
- **Choose**: a training with *Snapshots* keeps models of its way. Their images are measured against real
  ones, best at conditions that were held out, and searched for copies of the training; the best is written.

Images are made in a process of their own; the window stays free."""


class GenerateDock(Dock):
    """From micrographs and their conditions to images for other conditions."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.make = MakePage(self)
        self.train = GenerateTrainPage(self)
        self.choose = GenerateChoosePage(self)
        for page in (self.make, self.train, self.choose):
            self.add_page(page)
        self.train.trained.connect(self.show_model)
        self.train.kept.connect(self.choose.offer)
        self.choose.chosen.connect(self.show_model)

    def show_model(self, folder: Any) -> None:
        """Open a model on the Make page and bring it to the front."""
        self.make.open_model(folder)
        self.turn_to(self.make.title)
