"""Compare dock: real against synthetic images, by eye and in numbers."""

from typing import Any

from .compare_images import ImagesPage
from .compare_numbers import NumbersPage
from .compare_pairs import PairsPage
from .dock import Dock

HELP = """**Images**: choose the real and the synthetic images: folders, stacks or layers, each with a table
of conditions where there are several. Choose real images that the generator has not seen.

**Side by side**: pairs of one condition, with one scale and one contrast. *Next pair* is also the key **N**.
In the **blind test** names are hidden and sides are by chance: press **A** if the left image is the real one,
**D** if it is the right one. The score has an interval: only if that lies above 50 % can you tell them apart.
*Back to my layers* brings back the view you had.

**Numbers**: the whole comparison, in a process of its own. Read the first lines: they say for what the
generator may be trusted. Every value stands beside its *floor* (real against real) and the best *baseline*
(what one would do without a generator). Click a dot in a plot to see its image."""


class CompareDock(Dock):
    """Real against synthetic."""

    help_text = HELP

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__(napari_viewer)
        self.images = ImagesPage(self)
        self.side_by_side = PairsPage(self, self.images)
        self.numbers = NumbersPage(self, self.images, self.side_by_side)
        for page in (self.images, self.side_by_side, self.numbers):
            self.add_page(page)
        self.images.look.connect(self._look)

    def _look(self) -> None:
        self.turn_to(self.side_by_side.title)
        self.attempt(self.side_by_side.start)
