"""Whether an entry stands below the base of its type; nearly all do, and are told by how their DNs end."""

from engine.errors import ObjectError
from engine.values import dn


class Within:
    """Tells which DNs stand below a base, or are it."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._key = _key(base)
        self._end = f",{base}"
        """How the server spells the base behind what stands below it."""

    def __call__(self, name: str) -> bool:
        """Tell whether a DN stands below the base, or is it; not of one that is none."""
        end = self._end
        if not self._base:
            return True
        if name.endswith(end) and name[-len(end) - 1 : -len(end)] not in ("", "\\"):
            return True
        try:
            within = dn.is_within(dn.key(name), self._key)
            if within:
                self._end = f",{','.join(dn.split(name, ',')[-dn.depth(self._base) :])}"
        except dn.InvalidDn:
            return False
        return within

    def error_of(self, name: str, kind: str) -> ObjectError:
        """Give the error of an entry of a type that stands elsewhere."""
        return ObjectError(
            "outside-base",
            f"'{name}' does not stand below '{self._base}', the base of '{kind}', where it was looked for",
            "look why the server gives it: an alias, a proxy, another directory behind the same address",
        )


def _key(base: str) -> str:
    """Give the form in which equal DNs are equal; of a name that is none, which nothing stands below, itself."""
    try:
        return dn.key(base)
    except dn.InvalidDn:
        return base
