"""Relate features to properties: linear models, cross-validation, importance."""
