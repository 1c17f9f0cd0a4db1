"""An explanation as lines of text."""

from collections.abc import Iterator
from typing import Any

from tui.feed.naming import with_names
from tui.presentation.display import display
from tui.presentation.glyphs import glyphs
from tui.presentation.moments import local_time
from tui.presentation.tones import kind_of_change

Document = dict[str, Any]


def explanation(found: Document) -> Iterator[str]:
    """Give the lines that explain a CSO or an MVO, every value made safe to show, and every id behind its name."""
    names = {one: display(name) for one, name in _names(found)}
    return (with_names(line, names) for line in _lines(found))


def _names(found: Document) -> Iterator[tuple[str, str]]:
    """Give what is told of by its id alone somewhere: the person, and what is joined to it."""
    person = found["mvo"] if found["id"].startswith("cso-") else found
    if person is not None:
        yield person["id"], person["label"].removesuffix(f" ({person['id']})")
        for one in person["joined"]:
            yield one["id"], f"{one['label']} in {one['system']}"


def _lines(found: Document) -> Iterator[str]:
    if found["id"].startswith("cso-"):
        yield f"{display(found['label'])} ({found['id']}), {found['type']} of '{found['system']}', {found['status']}"
        yield f"  {display(found['verdict'])}"
        for scope in found["rules"]:
            yield f"  {_scope(scope)}"
        for join in found["joins"]:
            yield f"  {_join(join)}"
        if found["mvo"] is None:
            return
        yield ""
        found = found["mvo"]
    yield from _mvo(found)


def _mvo(found: Document) -> Iterator[str]:
    yield f"{display(found['label'])}, metaverse {found['type']}: {found['state']}"
    yield ""
    yield "Joined"
    for one in found["joined"]:
        yield f"  {one['system']}.{one['type']}  {display(one['label'])} ({one['id']}), {one['status']}, by {one['by']}"
        if match := one["matches"]:
            yield f"      matches by {display(match['by'])} (rule '{display(match['rule'])}'): {display(match['key'])}"
        for scope in one["rules"]:
            yield f"      {_scope(scope)}"
    yield ""
    yield "Attributes"
    for one in found["attributes"]:
        yield f"  {display(one['attribute'])} = {_values(one['values'])}{'' if one['merged'] else _by(one['by'])}"
        for origin in one["merged"]:
            yield f"      {_values(origin['values'])}{_by(origin)}"
        for given in one["given"]:
            yield f"      {_given(given)}"
        for other in one["contenders"]:
            if other["looked_up"]:
                yield f"      rule '{display(other['rule'])}' looks up {', '.join(map(display, other['looked_up']))}"
            if not other["verdict"].startswith("wins"):
                given = f" ({_values(other['values'])})" if other["values"] else ""
                yield f"      rule '{display(other['rule'])}', {other['cso']}: {display(other['verdict'])}{given}"
    yield ""
    yield "Targets"
    if not found["targets"]:
        yield f"  no rule leads from metaverse.{found['type']} to a target"
    for one in found["targets"]:
        yield from _target(one)


def _given(given: Document) -> str:
    """Say since when somebody has a unique value, or until when it was theirs."""
    if given["until"] is None:
        made_of = ", ".join(f"{display(name)} {_values(values)}" for name, values in given["made_of"].items())
        return f"given {given['since'][:10]}" + (f", made of {made_of}" if made_of else "")
    kept = f"; an alias until {given['alias_until'][:10]}" if given["alias_until"] else ""
    reserved = f"; nobody else's until {given['reserved_until'][:10]}" if given["reserved_until"] else ""
    return f"formerly {_values([given['value']])}, until {given['until'][:10]}{kept}{reserved}"


def _target(one: Document) -> Iterator[str]:
    account = one["account"]
    named = f"  {display(account['label'])} ({account['id']}), {account['status']}" if account else "  no account"
    yield f"  {one['target']}{named}"
    yield f"      {display(one['verdict'])}"
    for scope in one["rules"]:
        yield f"      {_scope(scope)}"
    yield from _leaving(one["leaving"])
    yield from _flows(one)
    if one["differs"] and not one["staged"]:
        yield f"      differs, and nothing is staged: {', '.join(map(display, one['differs']))}"
    if staged := one["staged"]:
        change = kind_of_change({"change_type": staged["change"], "new_secondary_id": staged["new_dn"]})
        yield f"      staged: {staged['id']} {change}, {staged['status']}: {display(staged['cause'])}"
        yield f"        {display(staged['waits'])}" + (f"; {display(staged['error'])}" if staged["error"] else "")
        if staged["new_dn"]:
            yield f"        dn {glyphs().arrow} {display(staged['new_dn'])}"
        for change in staged["changes"]:
            removed = f" {glyphs().delete} {_values(change['remove'])}" if change["remove"] else ""
            added = f" + {_values(change['add'])}" if change["add"] else ""
            yield f"        {display(change['name'])}:{removed}{added}"


def _leaving(how: Document | None) -> Iterator[str]:
    """Tell in which stages an account leaves."""
    if how is None:
        return
    begins = "leaving since" if how["begun"] else "leaves from"
    yield f"      {begins} {local_time(how['since'], precise=True)}: {display(how['because'])}"
    for stage in how["stages"]:
        waits = f": {display(how['delete'])}" if stage["does"] == "deleted" else ""
        done = ", which has come" if stage["done"] else ""
        yield f"        {stage['does']} on {stage['on']}{done}{waits}"


def _flows(one: Document) -> Iterator[str]:
    """Tell of the flows to an account what is not simply written."""
    for other in one["losers"]:
        given = f" ({_values(other['values'])})" if other["values"] else ""
        rule = f"rule '{display(other['rule'])}'"
        yield f"      {display(other['attribute'])}: {rule} is {display(other['verdict'])}{given}"
    for name, rows in one["looked_up"].items():
        yield f"      {display(name)} looks up {', '.join(map(display, rows))}"
    for name, values in one["foreign"].items():
        yield f"      {display(name)}: what others have put there stays: {_values(values)}"
    for name, why in one["left"].items():
        yield f"      {display(name)} is left as it is: {display(why)}"


def _scope(scope: Document) -> str:
    state = "in scope" if scope["in_scope"] else "not in scope"
    if scope["error"]:
        return f"rule '{display(scope['rule'])}': {display(scope['error'])}"
    if scope["scope"] is None:
        return f"rule '{display(scope['rule'])}': in scope, as everybody is"
    because = ", ".join(f"{display(name)} = {_one(value)}" for name, value in scope["because"].items())
    return f"rule '{display(scope['rule'])}': {state}: {display(scope['scope'])}  [{because}]"


def _join(join: Document) -> str:
    if join.get("error"):
        return f"join by {display(join['by'])}: {display(join['error'])}"
    if join["key"] is None:
        return f"join by {display(join['by'])} (rule '{display(join['rule'])}'): the object has no single value for it"
    finds = ", ".join(display(one) for one in join["finds"]) or "nobody"
    return f"join by {display(join['by'])} (rule '{display(join['rule'])}'): {display(join['key'])} finds {finds}"


def _by(by: Document | None) -> str:
    if by is None:
        return ""
    if not by["cso"]:
        return f"  made by {display(by['rule'])}"
    if by.get("rows"):
        return f"  from all rows ({', '.join(by['rows'])}), rule '{display(by['rule'])}'"
    prefers = f", which prefers {display(by['prefers'])}" if by.get("prefers") else ""
    return f"  from {by['cso']}, rule '{display(by['rule'])}'{prefers}"


def _values(values: list[Any]) -> str:
    if not values:
        return "absent"
    shown = ", ".join(display(str(value), 60) for value in values[:3])
    return f"{shown} and {len(values) - 3:,} more" if len(values) > 3 else shown


def _one(value: object) -> str:
    return "absent" if value is None else display(str(value), 60)
