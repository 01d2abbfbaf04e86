"""Grains dock: grains found, measured, coloured and plotted, and grains that grow."""

from typing import Any

from .dock import Dock
from .grains_growth import GrowthPage
from .grains_page import GrainsPage
from .grains_plots_page import GrainPlotsPage

HELP = """**Grains** finds and measures the grains of a layer: grain numbers as from EBSD, distances to the
boundaries, or an etched micrograph (set *Source* to etched). The planes of a stack are samples of one
structure. The numbers of all grains stand in the table, those of each in the features of the new layer.
*Colour by* colours the grains by a measure. Click a grain in the picture to see its numbers.

**Plots** shows sizes with the laws of Hillert and the log-normal one, radius over the number of neighbours
with its slope, and the laws of Lewis and of Aboav and Weaire. A dot is a grain: click it, and the grain is
outlined; click a grain in the picture, and its dot is marked.

**Growth** lets grains grow in a process of its own while you watch. Each stage becomes a layer as soon as it
is reached. After Pause it goes on where it stopped, with *Continued* ticked."""


class GrainsDock(Dock):
    """Grain structures: measure and grow."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.grains = GrainsPage(self)
        self.plots = GrainPlotsPage(self, self.grains)
        self.growth = GrowthPage(self)
        for page in (self.grains, self.plots, self.growth):
            self.add_page(page)
