"""Do something beside the loop that paints."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode


def beside(node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], group: str) -> None:
    """Start a coroutine for a widget or screen, in place of the last one of its group; it ends with the node.

    What goes wrong reaches the node as `Worker.StateChanged`. It is given as a function, so that one that is
    superseded before it began leaves nothing behind.
    """
    node.run_worker(cast("Any", work), exclusive=True, group=group, exit_on_error=False)
