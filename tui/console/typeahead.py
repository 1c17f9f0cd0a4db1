"""One key at a time: a key has had its effect before the next is looked at, however fast they come.

Keys that arrive together, from a slow line or a paste, would otherwise all go to what had the focus at first: what was
meant for a filter's field would be taken for commands.
"""

from collections import deque
from typing import Any, TypeVar

from textual import events
from textual.app import App
from textual.message import Message
from textual.timer import Timer

Result = TypeVar("Result")
PATIENCE_SECONDS = 0.5
"""A key whose effect takes longer does not hold up the next."""
LOOK_AGAIN_SECONDS = 0.005
MOST_WAITING = 1000


class KeyHandled(Message):
    """Follows a key along its way up, and so comes when the key has been handled."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeyByKey(App[Result]):
    """An app that takes keys in order, each on the screen and with the focus that those before it have led to."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._waiting: deque[events.Key] = deque(maxlen=MOST_WAITING)
        self._in_hand = 0
        self._number = 0
        self._patience: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Let a key wait while another is in hand; one that comes back up has been waited for already."""
        if not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif self._in_hand:
            self._waiting.append(event)
        else:
            await self._take(event)

    async def _take(self, key: events.Key) -> None:
        self._number += 1
        self._in_hand = self._number
        self.before_key()
        target = self.focused or self.screen
        await super().on_event(key)
        target.post_message(KeyHandled(self._in_hand))
        number = self._in_hand
        self._patience = self.set_timer(PATIENCE_SECONDS, lambda: self.post_message(KeyHandled(number)))

    async def on_key_handled(self, event: KeyHandled) -> None:
        """Take the next key, as soon as a screen that was opened meanwhile can take it."""
        if event.number != self._in_hand:
            return
        if not getattr(self.screen, "ready", self.screen.is_mounted):
            self.set_timer(LOOK_AGAIN_SECONDS, lambda: self.post_message(KeyHandled(event.number)))
            return
        if self._patience is not None:
            self._patience.stop()
        self._in_hand = 0
        if self._waiting:
            await self._take(self._waiting.popleft())

    def before_key(self) -> None:
        """Do what is to be done before a key has its effect."""
