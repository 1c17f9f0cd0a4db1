"""What a line of a filter may be completed to."""

from tui import feed
from tui.console.widgets.source import Source
from tui.presentation.display import display


async def completions(line: str, source: Source, query: feed.Query) -> list[str]:
    """Give whole lines that the last word of a line may grow to; none where nothing is being typed."""
    place, column, begun = feed.lists.unfinished(line)
    if column is None and not begun:
        return []
    # what stands behind the cursor is painted as it is: only what can be shown as it is, is proposed
    found = [one for one in await source.suggest(query, column, begun) if display(one) == one]
    if column is None:
        return [f"{line[:place]}{name}:" for name in found if " " not in name]
    return [f"{line[:place]}{_quoted(value)}" for value in found if '"' not in value]


def _quoted(value: str) -> str:
    plain = value and not any(char.isspace() for char in value) and value[0] not in '~"'
    return value if plain else f'"{value}"'
