"""Runs: profiles and their steps, what is due, and what is left unsent."""
