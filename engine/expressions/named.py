"""What a reference names, as expressions see it: its attributes, and nothing else of it."""

from typing import Any


class Named:
    """Somebody whom a reference names: `manager.mail` reads an attribute, absent where there is none."""

    __slots__ = ("_label", "_values")

    def __init__(self, label: str, values: dict[str, Any]) -> None:
        self._label = label
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __str__(self) -> str:
        return self._label

    def __getstate__(self) -> tuple[str, dict[str, Any]]:
        return self._label, self._values

    def __setstate__(self, state: tuple[str, dict[str, Any]]) -> None:
        self._label, self._values = state
