"""Process conditions of images: table, encodings for networks, bins, splits, and support."""

from .binning import Bins
from .condition import Condition
from .scaling import Scaler
from .splits import leave_one_out, split
from .support import FLAGS, PointSupport, Support, interior
from .table import ConditionTable

__all__ = [
    "FLAGS",
    "Bins",
    "Condition",
    "ConditionTable",
    "PointSupport",
    "Scaler",
    "Support",
    "interior",
    "leave_one_out",
    "split",
]
