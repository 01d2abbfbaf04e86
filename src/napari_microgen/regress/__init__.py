"""Relate features to properties: linear models, cross-validation, importance."""

from ..package_call import callable_as

callable_as(__name__, "operation:regress")
