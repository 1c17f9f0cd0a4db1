"""What an LDAP result code means for one object (RFC 4511 appendix A), and what an operator can do."""

from engine.connectors.ldap.active_directory import explain_windows
from engine.connectors.ldap.messages import Result
from engine.errors import ObjectError

_MEANINGS: dict[int, tuple[str, str, str]] = {
    1: ("server-error", "the server had an internal error", "look into the server's log; it is sent again"),
    2: ("protocol-error", "the server does not understand the request", "look into the server's log"),
    3: ("limit-exceeded", "the server's time limit was exceeded", "raise the limit for this account"),
    4: ("limit-exceeded", "the server's size limit was exceeded", "raise the limit for this account"),
    5: ("server-error", "the server compared instead of doing what it was asked", "look into the server's log"),
    6: ("server-error", "the server compared instead of doing what it was asked", "look into the server's log"),
    7: ("permission-denied", "the server does not know this way of binding", "bind with bind_dn and password"),
    8: ("permission-denied", "the server wants a stronger bind for this", "encrypt the connection, or bind otherwise"),
    10: ("referral", "the entry is on another server", "point the system at the server that holds it"),
    11: ("limit-exceeded", "an administrative limit was exceeded", "raise the limit for this account"),
    12: (
        "unwilling",
        "the server does not know a control that this needs",
        "look at what 'interlock check' says the server offers",
    ),
    13: ("permission-denied", "the server wants encryption for this", "set tls to starttls or ldaps"),
    14: ("server-error", "the server still expects the rest of a bind", "look into the server's log"),
    16: (
        "missing-value",
        "an attribute or value to remove is not there",
        "import the directory, then evaluate again",
    ),
    17: (
        "schema-violation",
        "the server does not know an attribute",
        "correct the rule's flow, or load the schema",
    ),
    18: ("schema-violation", "the attribute cannot be matched that way", "correct the rule's flow"),
    19: (
        "constraint-violation",
        "a value breaks one of the server's rules",
        "correct the value at its source",
    ),
    20: (
        "existing-value",
        "an attribute or value to add is there already",
        "import the directory, then evaluate again",
    ),
    21: (
        "syntax-violation",
        "a value does not have its attribute's syntax",
        "correct the value at its source",
    ),
    32: ("missing-object", "the entry does not exist", "import the directory to see what became of it"),
    33: ("constraint-violation", "an alias names no entry", "correct the alias in the directory"),
    34: ("syntax-violation", "the DN is not valid for this server", "correct the rule's dn"),
    36: ("permission-denied", "an alias may not be followed", "grant the right to what the alias names"),
    48: ("permission-denied", "this account may not bind that way", "give the system other credentials"),
    49: ("permission-denied", "the credentials are wrong", "correct bind_dn or the password"),
    50: ("permission-denied", "this account may not do that", "grant it the right, or use another account"),
    51: ("server-busy", "the server is busy", "it is sent again later"),
    52: ("server-busy", "the server is shutting down or not available", "it is sent again later"),
    53: ("unwilling", "the server refuses to do that", "read its reason; it may be read-only"),
    54: ("server-error", "the server found a loop", "look into the server's aliases and referrals"),
    64: (
        "schema-violation",
        "the RDN does not fit the entry's attributes",
        "flow the attribute that the DN begins with",
    ),
    65: (
        "schema-violation",
        "the entry breaks the rules of its object classes",
        "flow what they require, and nothing else",
    ),
    66: (
        "constraint-violation",
        "the entry has entries below it",
        "delete or move what stands below it first",
    ),
    67: ("constraint-violation", "the RDN cannot be changed that way", "change the DN instead"),
    68: (
        "existing-object",
        "an entry with this DN exists already",
        "join it by a rule, or give this one another name",
    ),
    69: ("schema-violation", "the object class cannot be changed", "delete and create the entry"),
    71: ("constraint-violation", "the entry cannot move to another server", "move it there by hand"),
    80: ("server-error", "the server had another error", "read its reason"),
    118: ("server-error", "the operation was cancelled", "it is sent again later"),
    119: ("server-error", "the server knows no such operation", "look into the server's log"),
    120: ("server-error", "it was too late to cancel the operation", "look into the server's log"),
    121: ("server-error", "the operation cannot be cancelled", "look into the server's log"),
    122: ("missing-object", "another entry has this DN by now", "import the directory to see what became of it"),
    123: ("permission-denied", "this account may not act for another", "leave the proxy authorization out"),
    4096: ("refresh-required", "the server does not know any more what has changed", "import the directory in full"),
}
SUCCESS = 0
NO_SUCH_OBJECT = 32
VALUE_EXISTS = 20
LIMITS = (3, 4, 11)
"""Results that end a search before its end."""
LOST_PAGES = (2, 12, 53)
"""Results by which servers say that they do not know a page's cookie any more."""


def explain(code: int, reason: str = "", *, creating: bool = False) -> ObjectError:
    """Give the error of a result code; one that we do not know is shown whole."""
    from ldap3.core.results import RESULT_CODES  # noqa: PLC0415 - ldap3 is slow to import and rarely needed

    name = RESULT_CODES.get(code, "an unknown result")
    if code and (windows := explain_windows(reason)) is not None:
        return windows
    if code == NO_SUCH_OBJECT and creating:
        found = (
            "non-existent-parent",
            "the parent entry does not exist",
            "create it first, provision it by a rule, or set create_parents",
        )
    elif code == VALUE_EXISTS and creating:
        found = (
            "existing-value",
            "two of its values are the same to the server, or stand under two names of one attribute",
            "flow only one of them",
        )
    else:
        found = _MEANINGS.get(code) or ("unknown-result", f"the server answered {code}", "read its reason")
    told = reason.replace("\0", "").strip()
    sentence = f"{found[1]} (LDAP {code} {name}{f': {told}' if told else ''})"
    return ObjectError(found[0], sentence, found[2])


def explain_result(result: Result, *, creating: bool = False) -> ObjectError:
    """Give the error of a server's answer."""
    reason = result.message.decode(errors="replace")
    if result.referrals:
        reason = "; ".join([*([reason] if reason else []), *(url.decode(errors="replace") for url in result.referrals)])
    return explain(result.code, reason, creating=creating)
