"""Expressions: what rules read and compute, in a sandbox."""
