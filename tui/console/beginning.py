"""`interlock init` step by step: where people come from, which column identifies them, their directory, a proposal."""

import asyncio
import os
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.widgets import Input, Label

from tui import feed
from tui.beginning.programs import PROGRAM, given_to_program, secret_variables
from tui.beginning.proposal import Source, Target, proposed
from tui.beginning.starter import write_starter
from tui.beginning.trial import plan_of_first
from tui.console.beside import beside
from tui.console.secrets_in_turn import SecretsInTurn
from tui.console.sheets import beginning as sheet
from tui.console.sheets.layout import MOST_LINES, broken
from tui.console.themes import THEMES, theme_for
from tui.console.widgets.lines import Lines
from tui.console.widgets.painting import cut
from tui.console.widgets.rows import Rows
from tui.console.widgets.sheet import Sheet
from tui.presentation.display import display
from tui.presentation.pieces import Line

BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (110, "-broad")]
WHERE = "interlock"
"""The folder that is proposed."""
OF_SOURCE, OF_DIRECTORY = "SOURCE_PASSWORD", "DIRECTORY_PASSWORD"
"""The variables that the configuration names for the two passwords."""
STEPS = (
    *("people", "account", "settings", "variables", "password", "identity"),
    *("directory", "bind as", "password", "proposal"),
)
PEOPLE, ACCOUNT, SETTINGS, VARIABLES, SECRET, IDENTITY, DIRECTORY, BIND, BIND_SECRET, PROPOSAL = range(len(STEPS))

QUESTIONS = {
    PEOPLE: ("a file, or an address", False),
    ACCOUNT: ("look at it as (a bind DN; empty: nobody)", False),
    SETTINGS: ("what it is told, NAME=VALUE … (empty: nothing)", False),
    VARIABLES: ("its variables, NAME=VALUE …, secret ones as NAME", False),
    SECRET: ("its password or token (empty: none)", True),
    DIRECTORY: ("address (empty: none yet)", False),
    BIND: ("bind as (a DN; empty: nobody)", False),
    BIND_SECRET: ("password, kept in memory alone", True),
    PROPOSAL: ("write it into the folder", False),
}
"""What is asked at each step, and whether the answer is a secret."""


class Beginning(App[Path]):
    """Asks for a first configuration, and gives the file that was written; None if nothing was."""

    CSS_PATH = "interlock.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "a step back", id="init.back", priority=True),
        Binding("ctrl+c", "quit", "leave", id="init.leave", priority=True),
        Binding("tab", "other", "to the other side", id="init.other", priority=True),
    ]

    def __init__(self, folder: Path | None, theme: str | None = None) -> None:
        super().__init__(ansi_color=(theme or "").startswith("ansi"))
        self._folder = folder
        self._wished = theme
        self._step = PEOPLE
        self._answers: dict[int, str] = {}
        self._source: Source | None = None
        self._target: Target | None = None
        self._said: tuple[str, str] = ("", "")
        self._asking: tuple[str, bool] = ("", False)
        self._secrets = SecretsInTurn()

    def compose(self) -> ComposeResult:
        """A heading, what is shown, what is asked."""
        yield Lines(id="tabs")
        with Container(id="split"):
            yield Sheet(id="shown").add_class("list")
            yield Sheet(id="detail")
        with Horizontal(id="asked"):
            yield Label("", markup=False)
            field = Input(compact=True)
            field.cursor_blink = False
            yield field
        yield Lines(id="status")
        yield Lines(id="keys")

    def on_mount(self) -> None:
        """Begin with the first question."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = theme_for(self._wished)
        self._go(PEOPLE)

    def on_resize(self) -> None:
        """Fit the frame to another width."""
        self.call_after_refresh(self._frame)

    # Showing ----------------------------------------------------------------------------------------------------------

    @property
    def shown(self) -> Sheet:
        """What is shown."""
        return self.query_one("#shown", Sheet)

    def _go(self, step: int) -> None:
        """Come to a step: show what there is to see, and ask."""
        self._step = step
        self.query_one("#detail").styles.display = "block" if step == PROPOSAL else "none"
        self.shown.styles.width = None if step == PROPOSAL else "100%"
        if step in (PEOPLE, ACCOUNT, SETTINGS, VARIABLES, SECRET):
            self.shown.show(sheet.welcome)
        elif step == IDENTITY and self._source is not None:
            self._show_columns(self._source)
        elif step in (DIRECTORY, BIND, BIND_SECRET):
            self.shown.show(sheet.directory)
        elif step == PROPOSAL:
            self._propose()
        self._asking = QUESTIONS.get(step, ("", False))
        if step == SECRET and self._answers[PEOPLE].startswith(PROGRAM):
            self._asking = f"{display(self._secrets.current, 40)} (empty: none)", True
        asked = self.query_one("#asked")
        asked.styles.display = "block" if self._asking[0] else "none"
        self.query_one("#asked Label", Label).update(f" {self._asking[0]}: ")
        field = self.query_one("#asked Input", Input)
        field.password = self._asking[1]
        field.value = self._first_answer(step)
        field.cursor_position = len(field.value)
        self.set_focus(field if self._asking[0] else self.shown)
        self._frame()

    def _first_answer(self, step: int) -> str:
        if step == PROPOSAL:
            return str(self._folder or WHERE)
        return "" if self._asking[1] else self._answers.get(step, "")

    def _show_columns(self, source: Source) -> None:
        self.shown.show(partial(sheet.columns, source.people))
        names = [one.name for one in source.people.attributes]
        likely = self._answers.get(IDENTITY) or str(source.people.keys["external_id"])
        self.shown.put_cursor(names.index(likely) if likely in names else 0)
        self._say(f"{source.people.sampled:,} looked at: enter on the column that identifies a person for ever")

    def _frame(self) -> None:
        width = self.size.width
        if not width:
            return
        done: Line = [(f" {STEPS[step]} ", "chosen" if step == self._step else "dim") for step in self._ways()]
        self.query_one("#tabs", Lines).show([cut([("interlock init  ", "strong"), *done], width)])
        text, tone = self._said
        said: list[Line] = [[(part.rstrip(" "), tone)] for part in broken(display(text, width * MOST_LINES), width)]
        status = self.query_one("#status", Lines)
        status.styles.height = len(said)
        status.show(said)
        keys = [("enter", "accent"), (" goes on  ", ""), ("esc", "accent"), (" a step back  ", "")]
        more = [("tab", "accent"), (" to read  ", "")] if self._step == PROPOSAL else []
        self.query_one("#keys", Lines).show([cut([*keys, *more, ("ctrl+c", "accent"), (" leaves", "")], width)])

    def _ways(self) -> list[int]:
        """Give the steps that there are, by what was answered."""
        found = [PEOPLE, *self._of_people(), IDENTITY, DIRECTORY]
        return [*found, *([BIND, BIND_SECRET] if self._answers.get(DIRECTORY) else []), PROPOSAL]

    def _of_people(self) -> list[int]:
        """Give what is asked of where people come from: of a file nothing more."""
        if self._answers.get(PEOPLE, "").startswith(PROGRAM):
            return [SETTINGS, VARIABLES, *([SECRET] if secret_variables(self._words(VARIABLES)) else [])]
        scheme = self._answers.get(PEOPLE, "").partition("://")[0] if "://" in self._answers.get(PEOPLE, "") else ""
        if scheme.startswith("ldap"):
            return [ACCOUNT, SECRET]
        return [SECRET] if scheme and scheme not in ("file", "sqlite") else []

    def _say(self, text: str, tone: str = "") -> None:
        self._said = (text, tone)
        self._frame()

    # Answering --------------------------------------------------------------------------------------------------------

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        answer = event.value if self._asking[1] else event.value.strip()
        if self._step == PEOPLE and not answer:
            self._say("a file or an address is wanted", "warn")
            return
        if self._step in (SETTINGS, VARIABLES) and (wrong := self._why_not_given(answer)):
            self._say(wrong, "warn")
            return
        if self._step == DIRECTORY and answer and not answer.startswith(("ldap://", "ldaps://")):
            self._say("a directory is wanted, ldaps://HOST/BASE, or nothing at all", "warn")
            return
        if self._step == PROPOSAL:
            self._write(answer)
            return
        self._keep(answer)
        self._on()

    def _why_not_given(self, answer: str) -> str:
        """Say why something cannot be given to a program; nothing where it can."""
        try:
            words = shlex.split(answer)
            given_to_program(words if self._step == SETTINGS else [], words, Path.cwd())
        except ValueError as error:
            return str(error)
        return ""

    def _words(self, step: int) -> list[str]:
        """Give the words of an answer, as a shell has them; none where a quotation is not closed."""
        try:
            return shlex.split(self._answers.get(step, ""))
        except ValueError:
            return []

    def _keep(self, answer: str) -> None:
        """Keep an answer; a password goes into this process's own surroundings, and nowhere else."""
        if not self._asking[1]:
            self._answers[self._step] = answer
            own = secret_variables(self._words(VARIABLES)) if self._answers[PEOPLE].startswith(PROGRAM) else []
            self._secrets.want(own or [OF_SOURCE])
        elif self._step == SECRET:
            self._secrets.take(answer)
        elif answer:
            os.environ[OF_DIRECTORY] = answer

    @on(Rows.Chosen, "#shown")
    def _chosen(self) -> None:
        if self._step == IDENTITY and self._source is not None:
            name = self._source.people.attributes[self.shown.cursor].name
            self._answers[IDENTITY] = name
            self._source = self._source._replace(identity=name)
            self._say("")
            self._on()

    def _on(self) -> None:
        """Go to the next step; what has to be looked at before is looked at."""
        if self._step == SECRET and self._secrets.go_on():
            self._go(SECRET)
            return
        ways = self._ways()
        following = ways[ways.index(self._step) + 1]
        if following == IDENTITY:
            self._look(self._answers[PEOPLE], self._connection(ACCOUNT, OF_SOURCE), self._found_source, PEOPLE)
        elif following == PROPOSAL and self._answers.get(DIRECTORY):
            self._look(self._answers[DIRECTORY], self._connection(BIND, OF_DIRECTORY), self._found_target, DIRECTORY)
        else:
            self._target = None if following == PROPOSAL else self._target
            self._go(following)

    def _connection(self, account: int, variable: str) -> dict[str, Any]:
        """Give what a system is reached by, beside its address."""
        address = self._answers[PEOPLE if variable == OF_SOURCE else DIRECTORY]
        if address.startswith(PROGRAM):
            return given_to_program(self._words(SETTINGS), self._words(VARIABLES), Path.cwd())
        secret = {"env": variable} if os.environ.get(variable) else None
        if address.startswith("ldap"):
            bind_dn = self._answers.get(account)
            return {"bind_dn": bind_dn, "password": secret or {"env": variable}} if bind_dn else {}
        if secret is None or not self._of_people():
            return {}
        return {"token" if address.startswith("http") else "password": secret}

    def _look(
        self, address: str, connection: dict[str, Any], found: Callable[[feed.Survey, dict[str, Any]], None], back: int
    ) -> None:
        self._say(f"looking at {display(address, 60)} …", "accent")

        async def look() -> None:
            try:
                survey = await asyncio.to_thread(feed.survey, address, Path.cwd(), connection)
            except (feed.StepFailed, ValueError, OSError) as error:
                self._go(back)
                self._say(str(error).splitlines()[0], "danger")
            else:
                found(survey, connection)

        beside(self.shown, look, "look")

    def _found_source(self, survey: feed.Survey, connection: dict[str, Any]) -> None:
        source = Source(survey, "", connection)
        self._source = source._replace(identity=str(source.people.keys["external_id"]))
        self._go(IDENTITY)

    def _found_target(self, survey: feed.Survey, connection: dict[str, Any]) -> None:
        self._target = Target(survey, connection)
        self._say("")
        self._go(PROPOSAL)

    async def action_back(self) -> None:
        """Go a step back; from the first one, leave."""
        ways = self._ways()
        place = ways.index(self._step) if self._step in ways else 0
        self._said = ("", "")
        if self._step == SECRET and self._secrets.go_back():
            self._go(SECRET)
        elif place == 0:
            self.exit(None)
        else:
            self._go(ways[place - 1])

    def action_other(self) -> None:
        """Move between what is read and what is asked."""
        order = [self.query_one("#asked Input"), self.shown, self.query_one("#detail")]
        if self._step == PROPOSAL and self.focused in order:
            self.set_focus(order[(order.index(self.focused) + 1) % len(order)])

    async def action_quit(self) -> None:
        """Leave; nothing was written."""
        self.exit(None)

    # The proposal -----------------------------------------------------------------------------------------------------

    def _propose(self) -> None:
        """Show what would be written, and the plan of the first people beside it as soon as it is made."""
        if self._source is None:
            return
        self.shown.show(partial(sheet.proposal, proposed(self._source, self._target)))
        detail = self.query_one("#detail", Sheet)
        detail.show(partial(sheet.plan, None, ""))
        beside(detail, partial(self._try, detail, self._source, self._target), "plan")

    async def _try(self, detail: Sheet, source: Source, target: Target | None) -> None:
        try:
            found = await plan_of_first(source, target)
        except (RuntimeError, OSError, TimeoutError) as error:
            detail.show(partial(sheet.plan, None, str(error) or "it took too long"))
        else:
            detail.show(partial(sheet.plan, found, ""))

    def _write(self, answer: str) -> None:
        if self._source is None:
            return
        folder = Path(answer or WHERE)
        try:
            path = write_starter(folder, proposed(self._source, self._target))
        except FileExistsError:
            self._say(f"{folder}: has a configuration already; name another folder", "danger")
        except OSError as error:
            self._say(f"{folder}: cannot be written: {error.strerror or error}", "danger")
        else:
            self.exit(path)
