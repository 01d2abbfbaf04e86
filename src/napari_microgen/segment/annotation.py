"""Labels to train on, made without a network: solid, pore and shine-through."""

from typing import Literal

from ..progress import Steps, stepwise
from ..volume import Volume, require_grey
from .hybrid import PORE, SHINE_THROUGH, SOLID, UNLABELLED
from .slices import Method, label_stack


@stepwise
def annotate(
    image: Volume,
    *,
    method: Literal["hybrid", "otsu"] = "hybrid",
    per: Literal["slice", "volume"] = "slice",
    pores: Literal["dark", "bright"] = "dark",
    smoothing: float = 0.0,
    superpixel_area: float | None = None,
    compactness: float = 0.2,
) -> Steps[Volume]:
    """Label solid, pore and shine-through, as a start for painting and training.

    Pore is what Otsu's threshold calls dark. Shine-through (walls seen through a pore)
    is what lies in superpixels darker than the foot of the solid's peak and is not pore
    yet. Works plane by plane, also on stacks larger than memory.

    Parameters
    ----------
    image : Volume
        Grey image or stack.
    method : {"hybrid", "otsu"}
        ``hybrid`` gives all three classes; ``otsu`` gives solid and pore only, as the
        conventional threshold does.
    per : {"slice", "volume"}
        Find the thresholds for each slice (brightness may drift), or once for the whole
        stack (slices may hold one phase only).
    pores : {"dark", "bright"}
        Which side of the grey scale the pores are on.
    smoothing : float
        Gaussian smoothing before anything else, standard deviation in px; 0 for none.
        About 1 helps where noise blurs the two peaks.
    superpixel_area : float, optional
        Mean area of a superpixel, in px. Left out, it is read off the correlation length
        of the pores, at least 20 px.
    compactness : float
        Weight of nearness against likeness of grey in a superpixel. The default gave the
        best labels on simulated stacks; below 0.1 noise frays the patches.

    Returns
    -------
    Volume
        uint8 labels: 0 unlabelled (none here; for painting), 1 solid, 2 pore, 3
        shine-through. Its facts hold ``class_fraction``, the thresholds by plane, their
        separability (1 is perfect) and the superpixel area.

    Raises
    ------
    NothingToSegmentError
        If the image, or one of its slices, has one grey value only.
    AxesError, NonFiniteError
        If it is not one grey channel, or holds NaN.
    ParameterError
        If a parameter is out of range.
    """
    require_grey(image, "annotation")
    how = Method(
        hybrid=method == "hybrid",
        per=per,
        pores=pores,
        smoothing=smoothing,
        superpixel_area=superpixel_area,
        compactness=compactness,
    )
    done = yield from label_stack(image, how, (UNLABELLED, SOLID, PORE, SHINE_THROUGH))
    fraction = {str(value): float(done.counts[value] / done.counts.sum()) for value in range(4)}
    return image.with_data(
        done.labels, kind="labels", facts={"class_fraction": fraction, **done.facts}, notes=done.notes
    )
