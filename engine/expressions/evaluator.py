"""The process that evaluates what may take too long: `python -m engine.expressions.evaluator`, asked over its pipes.

It is killed by whoever asks, when an answer takes too long; if nobody is there any more to do so, by its own timer.
"""

import os
import pickle
import resource
import signal
from functools import lru_cache

from engine.errors import ObjectFailed
from engine.expressions import expression
from engine.expressions.tables import GIVEN, Given, Table
from engine.expressions.watched import MEMORY, SECONDS, Answer, Request
from engine.framing import LENGTH, send
from engine.values import zones

_LONGER = 2
"""Seconds of the processor beyond those that whoever asks allows."""


def main() -> None:
    """Answer requests until there are no more."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    send(answers, b"")
    while head := requests.read(LENGTH.size):
        asked = pickle.loads(requests.read(LENGTH.unpack(head)[0]))  # noqa: S301 - our own program's
        if isinstance(asked, Given):
            GIVEN[asked.digest] = Table(*asked)
            continue
        signal.setitimer(signal.ITIMER_PROF, SECONDS + _LONGER)
        send(answers, _answer(asked))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _answer(request: Request) -> bytes:
    try:
        zones.use(request.zone)
        compiled = _compiled(request.kind, request.source, request.own)
        return pickle.dumps(Answer(compiled.evaluate_here(request.values)))
    except ObjectFailed as failure:
        return pickle.dumps(Answer(None, failure.error))
    except (pickle.PicklingError, TypeError, AttributeError):
        return pickle.dumps(Answer(None, expression.failure_of(request.source, "its result is no value")))


@lru_cache(maxsize=1_000)
def _compiled(kind: str, source: str, own: tuple[str, ...]) -> expression.Expression:
    return expression.COMPILERS[kind](source, own)


if __name__ == "__main__":
    main()
