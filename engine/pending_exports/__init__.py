"""Pending exports: what they change, in which order they are sent, and what of them was sent."""
