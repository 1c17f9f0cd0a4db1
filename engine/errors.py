"""What can go wrong: with one object, or with a whole step.

ObjectFailed            one object's failure: a stable code, a sentence, what to do
StepFailed              the step cannot go on, with the result it ends with
├── CannotConnect       no-start-connection
├── CredentialsRefused  no-start-credentials
└── ConnectionLost      stopped-connectivity
ConfigurationError      the configuration is wrong: file, line, key
DecisionRefused         a decision cannot be taken as asked
└── NotAllowed          by this person
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from storage.records import StepResult


class ObjectError(NamedTuple):
    """What is wrong with one object, and what to do about it."""

    code: str
    message: str
    advice: str


class ObjectFailed(Exception):
    """Raised where one object cannot be handled; the others go on."""

    def __init__(self, code: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.error = ObjectError(code, message, advice)


class StepFailed(Exception):
    """Raised where a whole step cannot go on; pages committed before it are kept."""

    result = StepResult.INTERRUPTED

    def __init__(self, message: str, result: StepResult | None = None) -> None:
        super().__init__(message)
        if result is not None:
            self.result = result


class CannotConnect(StepFailed):
    """The system cannot be reached, opened or understood; nothing was done."""

    result = StepResult.NO_START_CONNECTION


class CredentialsRefused(StepFailed):
    """The system refuses our name or password, or there is none; nothing was done."""

    result = StepResult.NO_START_CREDENTIALS


class Undelivered(StepFailed):
    """An account has another password, and nobody got it."""


class ConnectionLost(StepFailed):
    """The connection broke; what was confirmed so far is kept."""

    result = StepResult.STOPPED_CONNECTIVITY

    def __init__(self, message: str, results: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.results = results
        """What an export had finished before: the `ExportResult` of every operation that was answered."""


class ConfigurationError(Exception):
    """The configuration cannot be used; the message has one line for each problem."""


class DecisionRefused(Exception):
    """A decision cannot be taken as asked; nothing was changed."""


class NotAllowed(DecisionRefused):
    """Somebody's role does not let them do what they asked for; nothing was changed."""
