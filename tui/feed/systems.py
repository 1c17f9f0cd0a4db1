"""The configuration as it was read; secrets are named in it, never held."""

from typing import Any

from pydantic import BaseModel

from engine.workspace import Workspace


def configuration(workspace: Workspace) -> dict[str, Any]:
    """Give systems, rules and profiles, ready to show."""
    config = workspace.config
    return {
        "systems": {
            name: {
                "connector": system.connector,
                "options": _said(system.options),
                "objects": {
                    kind: {**_said(settings, exclude={"options"}), **_said(settings.options)}
                    for kind, settings in system.objects.items()
                },
                "said": _said(system, exclude={"connector", "options", "objects", "deletions", "changes", "exports"}),
                "deletions": _plain(system.deletions),
                "exports": _plain(system.exports),
            }
            for name, system in config.systems.items()
        },
        "rules": [{"name": rule.name, "from": rule.source, "to": rule.target} for rule in config.rules],
        "profiles": {name: [str(step) for step in profile.steps] for name, profile in config.profiles.items()},
    }


def _said(model: Any, exclude: set[str] | None = None) -> dict[str, Any]:
    """Give what a part of the configuration says, and not what goes without saying."""
    if not isinstance(model, BaseModel):
        return {}
    return model.model_dump(mode="json", exclude_defaults=True, exclude=exclude)


def _plain(model: Any, exclude: set[str] | None = None) -> dict[str, Any]:
    """Give what is set in a part of the configuration."""
    if not isinstance(model, BaseModel):
        return {}
    found = model.model_dump(mode="json", exclude_none=True, exclude=exclude)
    return {name: value for name, value in found.items() if value not in ({}, [], "")}
