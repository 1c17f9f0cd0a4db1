"""Pieces of text with their tones, of which lines are made."""

Piece = tuple[str, str]
"""A text that is already safe to show, and its tone: dim, strong, good, … (`tui.console.themes`), or plain if empty."""
Line = list[Piece]
