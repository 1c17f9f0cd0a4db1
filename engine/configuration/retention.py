"""`[retention]`: how long history is kept."""

from datetime import timedelta

from engine.configuration.base import Model
from engine.configuration.values import Kept


class RetentionConfig(Model):
    """`[retention]`: how long history is kept; `0` for ever. The audit log always is."""

    runs: Kept = timedelta(days=400)
    """Runs with their steps, what went wrong in them, and what their imports saw."""
    transitions: Kept = timedelta(days=400)
    """Changes of a status."""
    items: Kept = timedelta(days=400)
    """Review items that are closed, and what deleted objects last held: so long they can be restored."""
