"""Evaluate the forests: folds, validation, calibration, search, importance, uncertainty."""
