"""Rooms of the house that can be called: ``segment(image)`` runs the operation of that name.

``napari_microgen.segment`` is a folder of methods and, for users, one operation. So the
folder itself can be called, and has ``steps`` like any long operation.
"""

import inspect
import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class OperationPackage(ModuleType):
    """A subpackage that runs one operation when it is called."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the operation to its end."""
        return self._operation(*args, **kwargs)

    @property
    def steps(self) -> Any:
        """The operation as a generator of progress."""
        return self._operation.steps

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._operation)

    @property
    def _operation(self) -> Any:
        module, _, name = self.__dict__["OPERATION"].partition(":")
        return getattr(import_module(f"{self.__name__}.{module}"), name)


def callable_as(package: str, operation: str) -> None:
    """Let ``package`` be called as ``operation``, given as ``"module:function"`` below it."""
    room = sys.modules[package]
    room.__dict__["OPERATION"] = operation
    room.__class__ = OperationPackage
