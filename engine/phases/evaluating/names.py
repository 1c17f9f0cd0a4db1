"""Phase 2, names: whether the name that an account is to have is free, or becomes free in this run."""

from engine.errors import ObjectFailed
from engine.labels import label_of, label_of_mvo
from engine.phases.evaluating.desired_state import Desired
from engine.phases.evaluating.name_turns import Claim, may_be_vacated
from engine.phases.evaluating.page import Decisions, EvaluationPage
from storage.records import Cso, CsoStatus, Mvo


class NameTaken(ObjectFailed):
    """Raised where another object has, or will have, the wanted name or id; `holder` is the one that has it now."""

    def __init__(self, message: str, advice: str, holder: Cso | None = None) -> None:
        super().__init__("existing-object", message, advice)
        self.holder = holder


def standing_there(page: EvaluationPage, desired: Desired) -> list[Cso]:
    """Give the objects that have the wanted name."""
    return page.holders.get(desired.target[0], {}).get(desired.secondary_key or "", [])


def claim_name(page: EvaluationPage, decided: Decisions, desired: Desired, cso: Cso | None) -> bool:
    """Claim a wanted name: it is free, or becomes free in this run; False where that is still to be found out.

    Raises `NameTaken`.
    """
    if desired.secondary_key is None:
        return True
    names = decided.names.setdefault(desired.target[0], {})
    if (desired.mvo.id, desired.target) not in (page.turns or ()):
        try:
            refuse_held_name(page, desired)
        except NameTaken as taken:
            if page.turns is not None or taken.holder is None or not may_be_vacated(taken.holder):
                raise
            _wait_for_turn(decided, desired, cso, taken.holder)
            return False
    other = names.setdefault(desired.secondary_key, desired.mvo)
    if other.id != desired.mvo.id:
        raise also_wanted(desired.secondary_id or "", "name", other)
    return True


def refuse_held_name(page: EvaluationPage, desired: Desired) -> None:
    """Raise `NameTaken` where another object has the wanted name."""
    for holder in standing_there(page, desired):
        if holder.mvo_id != desired.mvo.id:
            raise taken(desired.secondary_id or "", "name", holder)


def taken(wanted: str, what: str, holder: Cso) -> NameTaken:
    """Say who has a name, or an id: `what` it is."""
    owner = f"belongs to mvo-{holder.mvo_id}" if holder.mvo_id else "is joined to nobody"
    advice = f"if it is the same person, give the rule a join that finds it; if not, give this one another {what}"
    if holder.status == CsoStatus.OBSOLETE:
        owner += ", and is missing"
        advice = f"decide in the review whether it is gone; if it is, its {what} is free"
    return NameTaken(f"'{wanted}' is taken: cso-{holder.id} ({label_of(holder)}) {owner}", advice, holder)


def also_wanted(wanted: str, what: str, other: Mvo) -> NameTaken:
    """Say who else wants a name, or an id: `what` it is."""
    return NameTaken(f"'{wanted}' is also wanted for {label_of_mvo(other)}", f"give one of the two another {what}")


def _wait_for_turn(decided: Decisions, desired: Desired, cso: Cso | None, holder: Cso) -> None:
    name, key = desired.secondary_id or "", desired.secondary_key or ""
    decided.claims.append(Claim(desired.mvo.id, desired.target, cso.id if cso else None, name, key, holder.id))
    decided.postponed.add((desired.mvo.id, desired.target))
    decided.still_due.add(desired.mvo.id)
