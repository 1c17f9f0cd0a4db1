"""The keys that hold everywhere."""

from textual.binding import Binding, BindingType

TABS = {
    "todo": "To do",
    "line": "Line",
    "exports": "Exports",
    "objects": "Objects",
    "metaverse": "Metaverse",
    "transitions": "Transitions",
    "review": "Review",
    "runs": "Runs",
    "systems": "Systems",
    "audit": "Audit",
}
"""The screens with what they are called, in the order of their digits, from 0."""
APP_KEYS: list[BindingType] = [
    *(
        Binding(str(number), f"app.show_screen('{name}')", title.lower(), id=f"screen.{name}", show=False)
        for number, (name, title) in enumerate(TABS.items())
    ),
    Binding("W", "app.arm", "arm", id="arm"),
    Binding("p", "app.freeze", "freeze", id="freeze", show=False),
    Binding("colon,ctrl+p", "app.palette", "command", id="palette"),
    Binding("ctrl+f", "app.search", "find by name", id="search", show=False),
    Binding("question_mark", "app.help", "help", id="help"),
    Binding("q", "app.leave", "quit", id="quit"),
    Binding("ctrl+c", "app.interrupt", "quit, pressed twice", id="interrupt", show=False, priority=True),
]
