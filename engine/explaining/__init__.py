"""Explanations: why an object is as it is."""
