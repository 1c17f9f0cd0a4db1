"""Benchmarks: every phase with the real program, beside a raw baseline measured in the same run."""
