"""What this process is called where steps are carried out by workers, and which systems it does not reach."""

import os
import socket

from engine.configuration.models import Config

NAME = "INTERLOCK_WORKER"
"""The environment variable that says what this process is called."""


def own_name() -> str:
    """Give what this process is called: `INTERLOCK_WORKER`, or its machine."""
    return os.environ.get(NAME, "").strip() or socket.gethostname()


def runs_elsewhere(config: Config, system: str) -> list[str]:
    """Give the workers that carry out the steps of a system, where this process is none of them."""
    settings = config.systems.get(system)
    names = settings.runs_on if settings is not None else []
    return [] if own_name() in names else list(names)
