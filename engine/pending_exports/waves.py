"""Waves: the order in which the pending exports of a system are sent, the lowest first."""

FREES = 0
"""Deletes that free a name for somebody else; creates follow by the depth of their DN, parents first."""
REFERRING = 300
"""Added to the depth of a create that refers to others."""
REFERRING_TO_MANY = 600
"""Added to the depth of a create that may refer to many, such as a group."""
RENAMES = 1_000
"""Renames by depth, and by turns where names change hands."""
UPDATES = 50_000
OWED = 60_000
"""References to what was created before them in the same step."""
DELETES = 100_000
"""From this the depth is taken: children are deleted before their parents."""
