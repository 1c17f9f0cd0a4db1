"""How every status is told: a symbol, the word, and a colour; never the colour alone."""

from collections.abc import Mapping
from typing import Any

from tui.presentation.glyphs import Glyphs, glyphs
from tui.presentation.pieces import Piece

_PROVED = ("confirmed by import", "proved gone")
"""How the reasons begin by which older stores tell that an export was confirmed."""
_TONES = {
    "Normal": ("done", ""),
    "PendingProvisioning": ("running", "accent"),
    "Obsolete": ("danger", "warn"),
    "Pending": ("idle", ""),
    "Executing": ("running", "accent"),
    "Exported": ("running", "accent"),
    "ExportedPendingConfirmation": ("running", "accent"),
    "ExportNotConfirmed": ("danger", "danger"),
    "ExportedNotConfirmed": ("danger", "danger"),
    "Failed": ("danger", "danger"),
    "confirmed": ("done", "good"),
    "AwaitingApproval": ("held", "warn"),
    "open": ("review", "warn"),
    "approved": ("ok", "accent"),
    "kept": ("done", "good"),
    "deferred": ("idle", "dim"),
    "reappeared": ("done", "dim"),
    "withdrawn": ("idle", "dim"),
    "carried-out": ("ok", "dim"),
    "disconnected": ("idle", "warn"),
    "excluded": ("held", "warn"),
    "included": ("done", ""),
    "success": ("ok", "good"),
    "completed-no-objects": ("ok", "good"),
    "completed-warnings": ("error", "warn"),
    "completed-discovery-errors": ("error", "warn"),
    "completed-sync-errors": ("error", "warn"),
    "completed-export-errors": ("error", "warn"),
    "stopped-by-operator": ("held", "warn"),
    "stopped-deletion-threshold": ("held", "danger"),
    "stopped-change-threshold": ("held", "danger"),
    "running": ("running", "accent"),
}
_CHANGES = {
    "Create": ("create", "good"),
    "Update": ("update", ""),
    "Rename": ("update", ""),
    "Delete": ("delete", "danger"),
}
_KINDS = {
    "run": ("danger", "danger"),
    "held": ("held", "danger"),
    "review": ("review", "warn"),
    "export": ("danger", "danger"),
    "error": ("error", "danger"),
    "drift": ("error", "warn"),
    "reference": ("idle", "warn"),
    "warning": ("error", "warn"),
    "notification": ("error", "warn"),
}
"""Of what waits for a person."""
_LAMPS = {"idle": "dim", "running": "accent", "held": "warn", "done": "good", "danger": "danger"}


def status(word: str | None) -> Piece:
    """Give a status as symbol, word and tone; whatever is not known to be well is shown as danger."""
    if not word:
        return ("", "")
    if word == "nothing":
        return (word, "dim")
    if word.startswith("mvo-"):  # what an object was joined to
        return (word, "")
    symbol, tone = _TONES.get(word, ("danger", "danger"))
    return (f"{_symbol(symbol)} {word}", tone)


def sending(word: str, *, held: bool, attempts: int) -> Piece:
    """Give the status of an export likewise: held, or tried so many times in vain."""
    if held:
        return (f"{_symbol('held')} held", "warn")
    if not attempts or word not in ("Pending", "Failed"):
        return status(word)
    return (f"{_symbol('danger')} {word} ({attempts} tr{'y' if attempts == 1 else 'ies'})", "danger")


def became(move: Mapping[str, Any]) -> Piece:
    """Give what a transition led to: a status, or that the thing is gone; an export is withdrawn, or was confirmed."""
    if move["to_status"]:
        return status(move["to_status"])
    if move["entity"] != "export":
        return ("gone", "dim")
    return ("confirmed", "good") if move["reason"].startswith(_PROVED) else ("withdrawn", "dim")


def kind_of_change(export: Mapping[str, Any]) -> str:
    """Say what an export does as a plan says it: an update that gives a new name is a rename."""
    renames = export["change_type"] == "Update" and export["new_secondary_id"]
    return "Rename" if renames else str(export["change_type"])


def change(export: Mapping[str, Any]) -> Piece:
    """Give what an export does likewise."""
    word = kind_of_change(export)
    symbol, tone = _CHANGES.get(word, ("error", "danger"))
    return (f"{_symbol(symbol)} {word}", tone)


def todo(group: Mapping[str, Any]) -> Piece:
    """Give the kind of a group of what waits; one that somebody has acknowledged is quiet."""
    symbol, tone = _KINDS.get(group["kind"], ("error", "danger"))
    return (f"{_symbol(symbol)} {group['kind']}", "dim" if group["acknowledged"] else tone)


def lamp(state: str) -> Piece:
    """Give a lamp of the track."""
    return (_symbol(state), _LAMPS[state])


def _symbol(name: str) -> str:
    found: Glyphs = glyphs()
    return str(getattr(found, name))
