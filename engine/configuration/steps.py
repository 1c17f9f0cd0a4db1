"""Steps as a profile names them: what is done, and in which system."""

from typing import Annotated, Any, NamedTuple

from pydantic import PlainSerializer, PlainValidator

PHASES = ("import", "delta", "sync", "evaluate", "export", "confirm", "detect")
"""What a step can do, in the order of the flow; `delta` imports only what changed since the last import."""
GLOBAL_PHASES = ("sync", "evaluate")
"""Phases that work on the whole metaverse and name no system."""


class StepPlan(NamedTuple):
    """One step of a profile: a phase, and the system it works on (empty for `sync` and `evaluate`)."""

    phase: str
    system: str = ""

    def __str__(self) -> str:
        return f"{self.phase} {self.system}".strip()


def _step(text: Any) -> StepPlan:
    words = str(text).split()
    if not words or words[0] not in PHASES:
        raise ValueError(f"'{text}' is no step: begin with {', '.join(PHASES)}")
    phase, *systems = words
    if len(systems) != (0 if phase in GLOBAL_PHASES else 1):
        needs = "names no system" if phase in GLOBAL_PHASES else f"needs one system: '{phase} SYSTEM'"
        raise ValueError(f"'{text}': '{phase}' {needs}")
    return StepPlan(phase, *systems)


Step = Annotated[StepPlan, PlainValidator(_step, json_schema_input_type=str), PlainSerializer(str)]
