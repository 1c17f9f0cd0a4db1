"""Textual's driver for a terminal, made to survive what comes over a line: broken bytes, and its end."""

from codecs import getincrementaldecoder
from functools import partial
from typing import IO, Any, cast

from textual.drivers import linux_driver


class _Line:
    """A terminal that takes everything, even when nobody is there: what waits for a dead line waits for ever."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lost = False

    def write(self, text: str) -> None:
        self._attempt(self._file.write, text)

    def flush(self) -> None:
        self._attempt(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def _attempt(self, call: Any, *arguments: str) -> None:
        if self._lost:
            return
        try:
            call(*arguments)
        except OSError:
            self._lost = True


class ConsoleDriver(linux_driver.LinuxDriver):
    """`LinuxDriver` that neither ends the app for a byte that is not UTF-8 nor hangs when the terminal is gone."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._file = cast("Any", _Line(cast("IO[str]", self._file)))

    def run_input_thread(self) -> None:
        """Read keys until the end; a line that is lost is the end, and is told by its signal."""
        try:
            super().run_input_thread()
        except OSError:
            return


# upstream decodes strictly, and takes the whole app down for one byte of a paste in another encoding
vars(linux_driver)["getincrementaldecoder"] = lambda name: partial(getincrementaldecoder(name), "replace")
