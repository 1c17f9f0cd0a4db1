"""Read the audit log, prove it whole, and keep what proves it elsewhere."""

import os
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO, Annotated

import orjson
import typer

from tui import feed
from tui.presentation.display import display
from tui.terminal.command_groups import command_group
from tui.terminal.commands.listing import LimitOption
from tui.terminal.context import (
    CONFIG,
    NO_START,
    USAGE,
    ConfigOption,
    JsonOption,
    carry_out,
    fail,
    numbers,
    open_workspace,
    readable,
)
from tui.terminal.printing import complain, escaped, say, write_facts, write_json, write_table

audit = command_group("The audit log: prove it whole, show it, export it, seal it.", no_args_is_help=True)
SHOWN = 50


@audit.command()
def verify(
    seal: Annotated[
        str | None, typer.Option("--seal", help="A hash that 'audit seal' gave: its entry has to be there.")
    ] = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Prove the log whole: nothing edited, removed or moved; with a seal, also nothing cut off its end."""
    workspace = open_workspace(config)
    verdict = carry_out(workspace, feed.auditing.proof(workspace, readable(seal)))
    if as_json:
        faults = [{"id": f"audit-{fault.entry_id}", "what": fault.what} for fault in verdict.faults]
        write_json({"entries": verdict.entries, "head": verdict.head, "faults": faults})
    else:
        for fault in verdict.faults:
            complain(f"audit-{fault.entry_id}: {display(fault.what)}")
        whole = "whole" if not verdict.faults else f"NOT whole, {len(verdict.faults):,} faults"
        say(f"{verdict.entries:,} entries, {whole}; the last has the hash {display(verdict.head) or 'of nothing yet'}")
    raise typer.Exit(1 if verdict.faults else 0)


@audit.command()
def show(
    entry: Annotated[str | None, typer.Argument(metavar="[ID]", help="One entry whole, such as audit-3.")] = None,
    limit: LimitOption = None,
    config: ConfigOption = CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List the newest entries, or show one whole."""
    workspace = open_workspace(config)
    if entry is not None:
        one = carry_out(workspace, feed.auditing.entry(workspace, numbers([entry], "audit")[0]))
        (write_json if as_json else write_facts)(one)
        return
    rows = carry_out(workspace, feed.auditing.newest(workspace, limit if limit is not None else SHOWN))
    if as_json:
        write_json(rows)
        return
    cells = ([row["id"], _at(row), row["operator"], row["action"], row["subject"], _why(row)] for row in rows)
    write_table(["id", "at", "operator", "action", "subject", "why"], cells)


def _at(row: feed.Document) -> str:
    return str(row["at"])[:19].replace("T", " ")


def _why(row: feed.Document) -> str:
    found = row["details"]
    return str(found.get("reason") or found.get("result") or found.get("profile") or "")


@audit.command()
def export(
    file: Annotated[str, typer.Argument(metavar="[FILE]", help="A new file, or - for standard output.")] = "-",
    config: ConfigOption = CONFIG,
) -> None:
    """Write every entry as one line of JSON, just as it is stored."""
    workspace = open_workspace(config)
    with _opened(file) as out:
        count = carry_out(workspace, _write(feed.auditing.stored(workspace), out))
    if file != "-":
        say(f"{count:,} entries are in {display(file)}")


async def _write(rows: AsyncGenerator[feed.Document, None], out: IO[bytes]) -> int:
    count = 0
    async with aclosing(rows):  # so that the store can be closed where the output takes no more
        async for row in rows:
            out.write(escaped(orjson.dumps(row)) + b"\n")
            count += 1
    return count


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    """Give a new file, readable by its owner alone, or standard output."""
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        why = "exists already; choose another name" if isinstance(error, FileExistsError) else error.strerror
        fail(f"{display(file)}: {why}", USAGE)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
    except OSError as error:
        Path(file).unlink(missing_ok=True)
        fail(f"{display(file)}: {error.strerror}; nothing of it was kept", NO_START)
    except BaseException:
        Path(file).unlink(missing_ok=True)
        raise


@audit.command()
def seal(config: ConfigOption = CONFIG) -> None:
    """Give the number and the hash of the newest entry, to be kept elsewhere for `audit verify --seal HASH`."""
    workspace = open_workspace(config)
    verdict = carry_out(workspace, feed.auditing.proof(workspace))
    if verdict.faults:
        complain(f"the log is not whole, {len(verdict.faults):,} faults: interlock audit verify")
        raise typer.Exit(1)
    say(f"{verdict.entries} {verdict.head}")
