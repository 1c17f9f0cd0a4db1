"""What was told and could not be written, on a full disk for instance: the work goes on; the exit status says so."""

_lost: list[str] = []


def note(why: str) -> None:
    """Note that something is lost to whoever wanted to read it."""
    _lost.append(why)


def status(code: str | int | None) -> str | int | None:
    """Give the exit status of a command that would end with one: it has not done well where something is lost."""
    return code or int(bool(_lost))
