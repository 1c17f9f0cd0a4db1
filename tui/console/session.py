"""What a console has open: the workspace, the newest facts about it, and the run it started."""

import asyncio
import re
from itertools import pairwise
from pathlib import Path
from time import monotonic

from tui import feed
from tui.console.launch import Launch, start_run
from tui.presentation.moments import local_time

COUNTING_SHARE = 0.05
"""The part of the time that may go into counting; a large store is counted less often."""


APPROVING = frozenset({"approve", "release"})
"""Actions that an operator may not take."""
ADMINISTERING = frozenset({"by_hand"})
"""Actions that an approver may not take."""
WHAT = {"next": "run", "rest": "run", "stop": "stop a run", "arm": "change anything", "by_hand": "decide that by hand"}
"""What some actions are called in a sentence."""
NOT_STARTED = (2, 4)
_NO_START = re.compile(r"\S.* no-start-")
"""The line of a step that could not start; why stands in the next one."""
ENDED = {
    0: ("the run has ended well", "good"),
    1: ("the run has ended with errors: 7 shows those of objects, 2 the exports that failed", "warn"),
    3: ("the run was stopped by a gate: nothing was marked, see below and 7", "danger"),
    5: ("the run was stopped; n goes on from there", "warn"),
}
"""What the exit status of a run means to whoever started it (design §7)."""


class Session:
    """The console's view of one workspace; `poll` keeps it fresh."""

    def __init__(self, config: Path) -> None:
        """Open the workspace. Raises `ConfigurationError` or `StoreError`."""
        self.config = config
        self.workspace = feed.open_workspace(config)
        self.operator = feed.current_operator()
        roles = self.workspace.config.roles
        self.role = feed.role_of(self.workspace.config, self.operator)
        self.shown_role = str(self.role) if roles else ""
        """The operator's role; nothing where there are none."""
        self._stamps = feed.stamps(config)
        self.disk: feed.OnDisk | None = None
        """What the configuration's files say by now, where they were changed since they were read."""
        self.read_at = feed.now()
        """When what is used of the configuration was read."""
        self.profile: str | None = None
        self.snapshot: feed.Snapshot | None = None
        self.counts: feed.Counts | None = None
        self._counted_at = -1
        """The `data_version` that was counted."""
        self.todo: list[feed.Document] = []
        """What waits for a person, in groups."""
        self.decided: set[int] = set()
        """The review items that were decided here since the list of them was shown last: they stay in it till then."""
        self.launch: Launch | None = None
        self.planning: Launch | None = None
        """The plan that was begun here, until it has ended."""
        self._over = 0
        """The run that was started here last and has ended: that is known before the store is asked."""
        self._before = 0
        """The newest run that was known when the last one was started here."""
        self._awaited = False
        """Whether the run that was started here has not been seen to end yet."""
        self.trouble = ""
        self.data_version = 0
        """Grows whenever something in the store has changed."""
        self._seen: int | None = None
        self._count_again = True
        self._count_from = 0.0

    def lacks(self, action: str) -> str:
        """Say why the operator's role does not let them do something; nothing if it does."""
        needs = feed.Role.APPROVER if action in APPROVING else feed.Role.OPERATOR
        if action in ADMINISTERING:
            needs = feed.Role.ADMINISTRATOR
        if self.role >= needs:
            return ""  # asked for every key of every frame, so the groups of the operator are not looked up again
        return feed.refusal(self.workspace.config, self.operator, needs, WHAT.get(action, action))

    @property
    def plans(self) -> list[feed.StepPlan]:
        """The steps of the profile that is chosen."""
        return feed.plans_of(self.workspace, self.profile)

    @property
    def running(self) -> feed.Run | None:
        """The run that is going on, here or anywhere."""
        found = self.snapshot
        run = found.run if found is not None and found.alive else None
        return None if run is not None and run.id == self._over else run

    @property
    def interrupted(self) -> feed.Run | None:
        """The run whose process died, if nothing has run since."""
        found = self.snapshot
        if found is None:
            return None
        if found.run is not None:
            return None if found.alive else found.run
        last = found.last
        return last if last is not None and last.result is feed.StepResult.INTERRUPTED else None

    @property
    def seen_at(self) -> str:
        """When the facts on screen were read, by this machine's clock."""
        return local_time(self.snapshot.at) if self.snapshot else ""

    async def poll(self, *, counting: bool = True) -> bool:
        """Read what has changed; tell whether anything has."""
        other_files = await self._follow_files()
        try:
            version = await self.workspace.store.changes()
            changed = other_files or version != self._seen
            if changed or self._alive_changed_possible():
                before = self.snapshot
                self.snapshot = await feed.snapshot(self.workspace)
                changed = changed or before is None or before.alive != self.snapshot.alive
            if changed:
                self._seen = version
                self.data_version += 1
                self._count_again = True
            if counting and self._count_again and monotonic() >= self._count_from:
                self._count_again = False
                began = monotonic()
                self.counts = await feed.counts(self.workspace, self.plans)
                self._counted_at = self.data_version
                self.todo = await feed.todo.todo(self.workspace)
                self._count_from = monotonic() + (monotonic() - began) / COUNTING_SHARE
                changed = True
        except feed.StoreError as error:
            changed = self.trouble != str(error)
            self.trouble = str(error)
            return changed
        if self.trouble:  # what was asked for meanwhile has not been read
            self.data_version += 1
            changed = True
        self.trouble = ""
        return changed

    def counted(self, query: feed.Query) -> int | None:
        """Give how many rows a whole list has, where they were counted since the store has changed; None elsewhere."""
        is_whole = query._replace(sort=None, descending=False) == feed.Query(query.kind)
        if not is_whole or self.counts is None or self._counted_at != self.data_version:
            return None
        if query.kind == "exports":
            return sum(count for *_, count in self.counts.exports)
        return self.counts.objects if query.kind == "objects" else None

    async def read_todo(self) -> bool:
        """Read what waits for a person; tell whether it is anything that nobody has acknowledged."""
        try:
            self.todo = await feed.todo.todo(self.workspace)
        except feed.StoreError as error:
            self.trouble = str(error)
        return bool(self.waiting.get("todo"))

    @property
    def waiting(self) -> dict[str, int]:
        """How many things wait on each screen, by its name: groups, failed exports, review items."""
        return {
            "todo": sum(not group["acknowledged"] for group in self.todo),
            "exports": sum(group["count"] for group in self.todo if group["kind"] == "export"),
            "review": self.snapshot.waiting if self.snapshot else 0,
        }

    async def _follow_files(self) -> bool:
        """Look whether the configuration's files have changed; tell whether they have.

        Roles hold at once: one that is withdrawn is gone in an open console. All else waits till it is reloaded.
        """
        if feed.are_as_before(self._stamps):
            return False
        self._stamps = await asyncio.to_thread(feed.stamps, self.config)
        # in a thread: reading the whole file takes a while, and so may asking for the operator's groups
        self.workspace = await asyncio.to_thread(feed.with_roles_of, self.workspace, self.config)
        await asyncio.to_thread(self._find_role)
        self.disk = await feed.on_disk(self.workspace, self.config)
        return True

    def _find_role(self) -> None:
        self.role = feed.role_of(self.workspace.config, self.operator)
        self.shown_role = str(self.role) if self.workspace.config.roles else ""

    def why_no_reload(self) -> str:
        """Say why the configuration cannot be reloaded now."""
        disk, run = self.disk, self.running
        if disk is None or not disk.differs:
            return "the files say what is used already"
        if run is not None or self._awaited:
            return f"{f'run-{run.id}' if run else 'a run'} is going on: reload when it has ended"
        if disk.problems:
            return "what is on disk is wrong: nothing was reloaded"
        if disk.elsewhere:
            return "it names another store: close the console, and open it again"
        return ""

    async def reload(self) -> None:
        """Use the configuration as its files have it. Raises `RuntimeError` where that cannot be."""
        self.disk = await feed.on_disk(self.workspace, self.config)  # it may have changed again meanwhile
        if reason := self.why_no_reload():
            raise RuntimeError(reason)
        if self.disk.workspace is not None:
            self.workspace = self.disk.workspace
        self.disk, self.read_at = None, feed.now()
        await asyncio.to_thread(self._find_role)
        if self.profile not in self.workspace.config.profiles:
            self.profile = None
        self.data_version += 1
        self.count_anew()

    def _alive_changed_possible(self) -> bool:
        """A process can die without a word in the store."""
        return self.snapshot is None or self.snapshot.run is not None

    def count_anew(self) -> None:
        """Count again at the next poll, because other steps are asked about."""
        self._count_again = True
        self._count_from = 0.0

    def start(self, arguments: list[str]) -> None:
        """Start a run in a process of its own."""
        self._before = self._newest_run()
        self.launch = start_run(self.config, arguments)
        self._awaited = True

    def start_plan(self, arguments: list[str]) -> None:
        """Start a plan in a process of its own. Raises `OSError`."""
        self.planning = start_run(self.config, ["plan", *arguments, "--keep", "--limit", "1"])

    def failed_plan(self) -> str:
        """Say once why the plan that was begun here came to nothing; an empty text where it did not."""
        if self.planning is None or (status := self.planning.ended()) is None:
            return ""
        said, self.planning = self.planning.said(), None
        return "" if status in ENDED and status not in NOT_STARTED else _why_no_start(said)

    @property
    def unseen(self) -> bool:
        """Whether what the run did that was started here is not on screen yet: what is next is not known till then."""
        if self._awaited and self.launch is None and self.running is None and self._newest_run() > self._before:
            self._awaited = False
        return self._awaited

    def _newest_run(self) -> int:
        found = self.snapshot
        return max((run.id for run in (found.run, found.last) if run is not None), default=0) if found else 0

    def ended_launch(self) -> tuple[str, str] | None:
        """Say once what became of the run that was started here, with the tone of it; None while it goes on."""
        if self.launch is None or (status := self.launch.ended()) is None:
            return None
        said, pid, self.launch = self.launch.said(), self.launch.pid, None
        if status not in ENDED:
            self._awaited = False
        elif self.running is not None and self.running.pid == pid:
            self._over = self.running.id
        if status in NOT_STARTED or feed.OLDER in said:
            return f"the run did not start: {_why_no_start(said)}", "danger"
        if status in ENDED:
            return ENDED[status]
        return f"the run's process died ({status}): {_last_line(said)}", "danger"

    async def close(self) -> None:
        """Let go of the store; a run that was started goes on."""
        await self.workspace.store.close()


def _last_line(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _why_no_start(said: str) -> str:
    """Give what a step that could not start said, below its own line; else the last line."""
    lines = said.splitlines()
    below = [after.strip() for line, after in pairwise(lines) if _NO_START.match(line) and after.startswith(" ")]
    return below[-1] if below else _last_line(said)
