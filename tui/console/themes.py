"""The colours: blue is good, orange is danger, on dark and on light; or the terminal's own sixteen."""

from typing import TYPE_CHECKING, Any

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

if TYPE_CHECKING:
    from textual.app import App

DARK = Theme(
    name="interlock-dark",
    primary="#5aa9e6",
    secondary="#7d8fa3",
    accent="#8fd0ff",
    success="#6cb8f0",
    warning="#f2c14e",
    error="#ff8a3d",
    foreground="#dfe6ee",
    background="#0e141b",
    surface="#141c25",
    panel="#1b2631",
    dark=True,
    variables={"text-muted": "#93a4b5", "input-cursor-background": "#dfe6ee", "input-cursor-foreground": "#0e141b"},
)
LIGHT = Theme(
    name="interlock-light",
    primary="#0b5cad",
    secondary="#56657a",
    accent="#0b4f9e",
    success="#0b5cad",
    warning="#8a5a00",
    error="#b3400a",
    foreground="#1b2430",
    background="#fbfbf9",
    surface="#f3f3ef",
    panel="#e6e9ec",
    dark=False,
    variables={"text-muted": "#56657a", "input-cursor-background": "#1b2430", "input-cursor-foreground": "#fbfbf9"},
)
THEMES = (DARK, LIGHT)


def theme_for(wish: str | None) -> str:
    """Give the name of the theme for what the configuration or the terminal asks for; dark if neither does."""
    return {"dark": DARK.name, "light": LIGHT.name, "ansi": "ansi-dark"}.get(wish or "dark", wish or DARK.name)


def tone_styles(app: "App[Any]") -> dict[str, Style]:
    """Give how each tone looks in the theme that is on: colours of the theme, and never a colour alone."""
    found = app.theme_variables
    plain = app.current_theme.ansi
    muted = Style(dim=True) if plain else _coloured(found["text-muted"])
    reverse = Style(reverse=True)
    return {
        "": Style.null(),
        "dim": muted,
        "strong": Style(bold=True),
        "head": muted + Style(underline=True),
        "good": _coloured(found["success"]),
        "warn": _coloured(found["warning"]),
        "danger": _coloured(found["error"]) + Style(bold=True),
        "accent": _coloured(found["accent"]) + Style(bold=True),
        "mark": _coloured(found["accent"]) + Style(bold=True),
        "chosen": reverse + Style(bold=True),
        "cursor": reverse,
    }


def _coloured(name: str) -> Style:
    return Style.from_color(Color.parse(name).rich_color)
