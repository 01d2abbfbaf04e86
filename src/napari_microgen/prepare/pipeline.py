"""The operation `prepare`: clean an image or stack, step by step, and record each step."""

from typing import Literal

from ..progress import Progress, Steps, stepwise
from ..volume import Volume, require_grey
from .choices import Choices, refuse_grey_work_on_labels
from .work import Work


@stepwise
def prepare(
    image: Volume,
    *,
    crop_data_bar: Literal["auto"] | int | None = None,
    invert: bool = False,
    register: bool = False,
    max_shift: int = 16,
    keep_trend: bool = False,
    register_edges: Literal["crop", "fill"] = "crop",
    tilt_correction: float | None = None,
    curtaining: Literal["none", "fft", "wavelet"] = "none",
    curtain_angle: float = 0.0,
    curtain_longest: float | None = None,
    shading: Literal["none", "additive", "multiplicative"] = "none",
    denoise: Literal["none", "gaussian", "median", "nlm", "tv"] = "none",
    denoise_strength: float = 1.0,
    clahe: bool = False,
    clahe_block: int = 127,
    clahe_bins: int = 256,
    clahe_slope: float = 3.0,
    voi: tuple[int, ...] | None = None,
    voi_size: tuple[float, float, float] | None = None,
    voi_position: tuple[float, float, float] | None = None,
    voi_unit: str = "um",
) -> Steps[Volume]:
    """Crop, align and clean an image or stack; by default nothing is changed.

    The steps asked for are done in this order: data bar, polarity, registration, tilt,
    curtaining, shading, denoising, CLAHE, VOI. Grey values are rounded once, at the end, to
    the type of the input. What lies outside the VOI is left out as early as that cannot
    change the result. Larger than memory: works slice by slice, the result on disk if need be.

    Parameters
    ----------
    image : Volume
        Grey image (YX) or stack (ZYX). Labels can be cropped only.
    crop_data_bar : "auto", int or None
        Rows to crop: auto for what the file states or what is found, a number for as many at
        the bottom (negative: at the top). None leaves the bar and says where it seems to be.
    invert : bool
        Turn dark and bright round, for images with bright pores. Later steps expect a bright solid.
    register : bool
        Align each slice with the one before by least squares.
    max_shift : int
        Largest shift between neighbouring slices that is looked for, in px.
    keep_trend : bool
        Leave a slow drift in and take out jitter only. By default the whole path is taken out,
        which also straightens a structure that truly drifts.
    register_edges : {"crop", "fill"}
        crop keeps the frame that all slices cover; fill keeps the frame of the first slice and
        writes 0 where a slice has no data.
    tilt_correction : float or None
        Angle in degree between the beam and the normal of the face. Rows are stretched by
        1 / cos of it (36 for columns 54 degree apart): more rows, each of the same size. None
        if the microscope did it.
    curtaining : {"none", "fft", "wavelet"}
        How to take out streaks along the milling direction. Both keep the contrast of the
        phases; fft is the faster one.
    curtain_angle : float
        Direction of the streaks in degree: 0 from top to bottom, 90 from left to right.
    curtain_longest : float or None
        Longest wave across the streaks to take out, in px; None takes all. Give about 64 where
        the sample itself is layered along the streaks.
    shading : {"none", "additive", "multiplicative"}
        Level the brightness of the bright phase along rows and from slice to slice, by
        subtraction (shadow on top of the signal) or division (loss of signal).
    denoise : {"none", "gaussian", "median", "nlm", "tv"}
        Gaussian blur, median, non-local means (keeps edges best), or total variation.
    denoise_strength : float
        Standard deviation of the blur or radius of the median in px; for nlm and tv a factor on
        what the measured noise asks for.
    clahe : bool
        Even out contrast locally. For the eye and for thresholds per region; grey values lose
        their common meaning.
    clahe_block : int
        Side of a block in px, as in ImageJ.
    clahe_bins : int
        Bins of each histogram, as in ImageJ.
    clahe_slope : float
        Largest slope of a transfer curve, as in ImageJ; 1 changes nothing.
    voi : tuple of int or None
        Box to keep: first and last-plus-one plane, row, column of the input, counted from 0 (four
        numbers for a single image).
    voi_size : (float, float, float) or None
        Edge lengths of the box along plane, row, column, in ``voi_unit``; needs the voxel size.
    voi_position : (float, float, float) or None
        Corner of the box from the corner of the input, in ``voi_unit``; None centres it.
    voi_unit : str
        Unit of ``voi_size`` and ``voi_position``.

    Returns
    -------
    Volume
        Same type and voxel size. ``facts["steps"]`` lists the steps done with their numbers,
        ``facts["origin"]`` is the place of the first voxel in the input (plane, row, column),
        ``facts["clipped"]`` counts grey values cut at the ends of the type.

    Raises
    ------
    AxesError, NonFiniteError
        If the image is not one finite grey channel.
    LabelTypeError
        If grey work was asked for on labels.
    ParameterError
        If an option is out of range, contradicts another, or leaves nothing of the image.
    UnknownVoxelSizeError
        If a VOI by length is asked for without a voxel size.
    MemoryLimitError
        If one slice is too large for the memory.
    """
    options = {name: value for name, value in locals().items() if name != "image"}
    choices = Choices(**options)
    require_grey(image, "preparing")
    refuse_grey_work_on_labels(image, choices)
    yield Progress(0, 4 * image.n_planes, "looking at the image")
    work = Work(image, choices)
    slices = yield from work.aligned()
    return (yield from work.finished(slices))
