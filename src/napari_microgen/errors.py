"""Every error this package raises on purpose.

Each class is one thing that can go wrong for a user, and is also a builtin kind, so
``except ValueError`` works. None inherits from ``RuntimeError``: napari's generator
workers drop that kind without a word. A message says what was found, what was
expected and what to do now.
"""


class MicrogenError(Exception):
    """Base of every error this package raises on purpose."""


class AxesError(MicrogenError, ValueError):
    """The axes of an image are not what the operation can work on."""


class ShapeMismatchError(MicrogenError, ValueError):
    """Two images that belong together differ in shape or scale."""


class UnknownVoxelSizeError(MicrogenError, ValueError):
    """A length is needed and the voxel size is not known."""


class InvalidVoxelSizeError(MicrogenError, ValueError):
    """A voxel size is zero, negative, not finite or absurdly large."""


class UnitError(MicrogenError, ValueError):
    """A unit is unknown or does not fit."""


class NonFiniteError(MicrogenError, ValueError):
    """An image holds NaN or infinite values."""


class LabelTypeError(MicrogenError, TypeError):
    """Labels are not whole numbers."""


class LabelValueError(MicrogenError, ValueError):
    """Labels hold values that have no meaning for the operation."""


class NothingToSegmentError(MicrogenError, ValueError):
    """An image has one grey value only, or nothing to tell apart."""


class NotPercolatingError(MicrogenError, ValueError):
    """A phase does not connect the two faces, so the quantity is undefined."""


class ParameterError(MicrogenError, ValueError):
    """A parameter is outside its range or contradicts another one."""


class FileFormatError(MicrogenError, ValueError):
    """A file is of a kind that cannot be read, or is not what it claims to be."""


class CorruptFileError(MicrogenError, ValueError):
    """A file is cut, damaged, or holds less than it declares."""


class IncompleteVolumeError(MicrogenError, ValueError):
    """A stored volume lacks chunks or planes that it claims to have."""


class InputNotFoundError(MicrogenError, FileNotFoundError):
    """A file or folder does not exist or is empty."""


class SaveError(MicrogenError, OSError):
    """A result could not be written; the old file, if any, is untouched."""


class MemoryLimitError(MicrogenError, MemoryError):
    """The work would need more memory or disk than there is."""


class RecipeError(MicrogenError, ValueError):
    """A recipe cannot be read or replayed."""


class ModelFileError(MicrogenError, ValueError):
    """A model folder is damaged, hostile, or of an unknown kind."""


class CheckpointError(MicrogenError, ValueError):
    """Training cannot resume, or two trainings use one folder."""


class DivergedError(MicrogenError, ArithmeticError):
    """The loss of a training is no longer finite; the last good state is kept."""


class TooManyPhasesError(MicrogenError, ValueError):
    """More grains meet in a cell of a phase field than it has places for."""


class JobError(MicrogenError, ChildProcessError):
    """Work in a child process or a worker ended without a result."""


class TableError(MicrogenError, ValueError):
    """A table cannot be read without guessing, or its rows and columns do not fit."""


class ConditionsError(TableError):
    """Rows, cells or images of a table of conditions do not fit; ``problems`` lists all of them."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class FormulaError(MicrogenError, ValueError):
    """A formula of a feature cannot be understood or does not fit its units."""


class RegressionError(MicrogenError, ValueError):
    """These rows and features do not determine a regression."""


class MissingExtraError(MicrogenError, ImportError):
    """An optional package is needed and not installed."""
