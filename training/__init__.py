"""Cohorts, labels, fitting, calibration, evaluation, registration and promotion."""
