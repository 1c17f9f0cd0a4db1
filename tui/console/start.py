"""The way into the console: quick, and nothing of it is imported before the terminal has been asked."""

import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tui import feed
from tui.console import restricted, tty
from tui.presentation.display import use_ascii

USAGE = 2
CONFIG = Path("interlock.toml")
_THEMES: dict[str, tty.Theme] = {"dark": "dark", "light": "light", "ansi": "ansi-dark"}


def asked_for(arguments: Sequence[str]) -> Path | None:
    """Give the configuration if these arguments name nothing else: then the console is asked for."""
    match arguments:
        case []:
            return Path(os.environ.get("INTERLOCK_CONFIG") or CONFIG)
        case ["-c" | "--config", name]:
            return Path(name)
        case [word] if word.startswith("--config="):
            return Path(word.removeprefix("--config="))
        case _:
            return None


def open_plain(config: Path) -> int:
    """Open the console as lines of text on a workspace, over any standard input and output; give its exit status."""
    if not config.exists():
        tty.complain(missing(config))
        return USAGE
    if sys.__stdin__ is None or sys.__stdout__ is None:
        tty.complain("--plain reads lines and tells lines: let its standard input and output be open")
        return USAGE
    if closed := restricted.is_restricted(os.environ) or _said(config).get("restricted") is True:
        restricted.forget_dangerous(os.environ)
    settings = wished(config, tty.prepare(os.environ))._replace(mouse=False, restricted=closed)
    use_ascii(settings.ascii)
    from tui.console.app import InterlockApp  # noqa: PLC0415 - Textual reads what was prepared when it is imported
    from tui.console.plain import open_plainly  # noqa: PLC0415
    from tui.console.screen_updates import forget_gone_widgets  # noqa: PLC0415

    forget_gone_widgets()
    feed.share_heap()
    app = InterlockApp(config, settings)
    status = open_plainly(app)
    for line in app.failure.splitlines():
        tty.complain(line)
    return status


def open_console(config: Path) -> int:
    """Open the console on a workspace and give its exit status; the terminal is given back whatever happens."""
    if not config.exists():
        tty.complain(missing(config))
        return USAGE
    if closed := restricted.is_restricted(os.environ) or _said(config).get("restricted") is True:
        restricted.forget_dangerous(os.environ)
    settings = wished(config, tty.prepare(os.environ))._replace(restricted=closed)
    use_ascii(settings.ascii)
    before = tty.modes(sys.__stderr__)
    try:
        return _run(config, settings)
    except Exception as error:
        from tui.presentation import last_resort  # noqa: PLC0415 - nobody should ever need it

        tty.restore(sys.__stderr__, before)
        tty.complain(last_resort.sentence_of(error))
        return last_resort.STATUS
    except BaseException:
        tty.restore(sys.__stderr__, before)
        raise


def ask_for_beginning(folder: Path | None) -> Path | None:
    """Ask for a first configuration on this terminal, and give the file that was written; None if nothing was."""
    settings = tty.prepare(os.environ)
    use_ascii(settings.ascii)
    before = tty.modes(sys.__stderr__)
    try:
        from tui.console.beginning import Beginning  # noqa: PLC0415 - Textual reads what was prepared
        from tui.console.driver import ConsoleDriver  # noqa: PLC0415

        if settings.ascii:
            tty.speak_ascii(sys.__stderr__)
        app = Beginning(folder, settings.theme)
        app.driver_class = ConsoleDriver
        return app.run(mouse=settings.mouse)
    except BaseException:
        tty.restore(sys.__stderr__, before)
        raise


def _run(config: Path, settings: tty.TerminalSettings) -> int:
    from tui.console.app import InterlockApp  # noqa: PLC0415 - Textual reads what was prepared when it is imported
    from tui.console.driver import ConsoleDriver  # noqa: PLC0415
    from tui.console.screen_updates import forget_gone_widgets, send_narrowly  # noqa: PLC0415

    if settings.ascii:
        tty.speak_ascii(sys.__stderr__)
    send_narrowly()
    forget_gone_widgets()
    feed.share_heap()
    app = InterlockApp(config, settings)
    app.driver_class = ConsoleDriver
    status = app.run(mouse=settings.mouse)
    for line in app.failure.splitlines():
        tty.complain(line)
    return status or app.return_code or 0


def _said(config: Path) -> dict[str, Any]:
    """Give what `[console]` says before the first painting; whether it is right is told when all of it is read."""
    try:
        said = tomllib.loads(config.read_text(encoding="utf-8-sig")).get("console", {})
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def wished(config: Path, settings: tty.TerminalSettings) -> tty.TerminalSettings:
    """Add what `[console]` says to what the terminal asks for."""
    said = _said(config)
    theme, only_ascii, mouse = (said.get(name) for name in ("theme", "ascii", "mouse"))
    if settings.theme is None:
        settings = settings._replace(theme=_THEMES.get(str(theme)))
    if isinstance(only_ascii, bool):
        settings = settings._replace(ascii=only_ascii)
    return settings._replace(mouse=mouse) if isinstance(mouse, bool) else settings


def missing(config: Path) -> str:
    """Say what to do where there is no configuration."""
    return (
        f"{config}: no such file; 'interlock demo' makes a workspace with sample data, 'interlock init DIR' a new one"
    )
