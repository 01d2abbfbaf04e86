"""The phase map of a grey image: where the solid is and where the pores are."""

from pathlib import Path
from typing import Literal

from ..errors import ParameterError
from ..progress import Steps, stepwise
from ..volume import Volume, require_grey
from .slices import Method, label_stack

AS_PHASES = (0, 1, 0, 0)
"""Phase of the labels unlabelled, solid, pore and shine-through."""


@stepwise
def segment(
    image: Volume,
    *,
    method: Literal["otsu", "hybrid", "unet"] = "otsu",
    model: Path | None = None,
    per: Literal["slice", "volume"] = "slice",
    pores: Literal["dark", "bright"] = "dark",
    smoothing: float = 0.0,
    superpixel_area: float | None = None,
    compactness: float = 0.2,
) -> Steps[Volume]:
    """Turn grey values into a phase map: 0 pore, 1 solid.

    Works plane by plane, also on stacks larger than memory.

    Parameters
    ----------
    image : Volume
        Grey image or stack; for ``unet`` also with the detector channels it was trained on.
    method : {"otsu", "hybrid", "unet"}
        ``otsu`` thresholds grey values; it calls bright walls behind a pore solid.
        ``hybrid`` adds superpixels darker than the foot of the solid's peak to the pores.
        ``unet`` runs a trained network and is best where one exists.
    model : Path, optional
        The trained network, for ``unet`` only: a folder written by ``train unet``, or
        ``builtin:NAME``.
    per : {"slice", "volume"}
        Find the thresholds for each slice (brightness may drift), or once for the whole
        stack (slices may hold one phase only).
    pores : {"dark", "bright"}
        Which side of the grey scale the pores are on.
    smoothing : float
        Gaussian smoothing before anything else, standard deviation in px; 0 for none.
    superpixel_area : float, optional
        For ``hybrid``: mean area of a superpixel, in px. Left out, it is read off the
        correlation length of the pores, at least 20 px.
    compactness : float
        For ``hybrid``: weight of nearness against likeness of grey in a superpixel.

    Returns
    -------
    Volume
        uint8 phase map: 0 pore, 1 solid. Its facts hold ``phase_fraction`` and, without
        a network, the thresholds by plane.

    Raises
    ------
    NothingToSegmentError
        If the image, or one of its slices, has one grey value only.
    AxesError, NonFiniteError
        If it is not one grey channel, or holds NaN.
    ParameterError
        If a parameter is out of range, or the model is missing or not wanted.
    """
    if method == "unet":
        if model is None:
            raise ParameterError(
                "method unet needs a trained network; give --model FOLDER (written by microgen train unet)."
            )
        from .unet_inference import predict_steps

        return (yield from predict_steps(image, model))
    if model is not None:
        raise ParameterError(f"a model was given, but method is {method}; choose --method unet to use it.")
    require_grey(image, "segmentation")
    how = Method(
        hybrid=method == "hybrid",
        per=per,
        pores=pores,
        smoothing=smoothing,
        superpixel_area=superpixel_area,
        compactness=compactness,
    )
    done = yield from label_stack(image, how, AS_PHASES)
    fraction = {str(value): float(done.counts[value] / done.counts.sum()) for value in range(2)}
    return image.with_data(
        done.labels, kind="labels", facts={"phase_fraction": fraction, **done.facts}, notes=done.notes
    )
