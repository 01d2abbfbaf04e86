"""Say so where one side holds two grey values and the other many: that alone tells them apart."""

import numpy as np

from .frame import Sides

_LOOKED_AT = 20


def two_valued_note(sides: Sides) -> tuple[str, ...]:
    """Return a remark where real or synthetic images hold two grey values only, and the others more.

    Parameters
    ----------
    sides : Sides
        Real and synthetic images.
    """
    counts = [len(np.unique(side.images.images[:_LOOKED_AT])) for side in (sides.real, sides.synthetic)]
    if min(counts) > 2 or max(counts) <= 2:
        return ()
    two, many = ("real", "synthetic") if counts[0] <= 2 else ("synthetic", "real")
    return (
        f"the {two} images hold two grey values only and the {many} images many: grey numbers, persistence "
        f"images and classifiers tell them apart by that; segment both sides alike, or neither",
    )
