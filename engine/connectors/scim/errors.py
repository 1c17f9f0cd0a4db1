"""What a refusal of a SCIM service means for one object (RFC 7644 §3.12)."""

from engine.connectors.files import Refused
from engine.connectors.scim.answers import Answer
from engine.connectors.scim.paths import get

_BY_KIND = {
    "uniqueness": "existing-object",
    "mutability": "constraint-violation",
    "invalidvalue": "constraint-violation",
    "toomany": "limit-exceeded",
    "sensitive": "permission-denied",
}
"""`scimType`, in lower case → code."""
_BY_STATUS = {
    400: "syntax-violation",
    403: "permission-denied",
    404: "missing-object",
    409: "existing-object",
    410: "missing-object",
    412: "missing-value",
    413: "limit-exceeded",
    429: "server-busy",
    501: "unwilling",
    503: "server-busy",
}
ADVICE = {
    "existing-object": "join it by a rule, or correct the value that has to be unique",
    "missing-object": "import the service to see what became of it",
    "missing-value": "import the service, then evaluate again",
    "server-busy": "it is sent again later",
    "permission-denied": "let our account do this in the service",
}


def broken_over(answer: Answer) -> Refused:
    """Give what it means for one object that a service which else works breaks down over it."""
    told = f"the service broke down over it: HTTP {answer.status}, {answer.detail}"
    return Refused("server-error", told, "look into the service's log; it is sent again later")


def refused(answer: Answer) -> Refused:
    """Give what an answer refuses, as an error of one object."""
    kind = str(get(answer.document, "scimType") or "").lower()
    code = _BY_KIND.get(kind) or _BY_STATUS.get(answer.status, "unwilling")
    return Refused(code, answer.detail, ADVICE.get(code, "correct the value at its source, or the rule's flow"))
