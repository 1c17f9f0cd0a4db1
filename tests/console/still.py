"""Bring a store to a standstill: the same times, names and ids whenever and wherever it was made."""

import sqlite3
from datetime import date, timedelta
from pathlib import Path

DAY = "2026-03-02"
OPERATORS = ("tester", "root", "ada")


def stand_still(store: Path) -> None:
    """Give everything in a store that differs from run to run a fixed value."""
    connection = sqlite3.connect(store)
    for table, columns in (
        ("objects", ("created_at", "changed_at")),
        ("metaverse", ("created_at", "changed_at")),
        ("pending_exports", ("created_at", "changed_at")),
        ("transitions", ("at",)),
        ("review_items", ("opened_at",)),
        ("held_batches", ("at",)),
        ("tombstones", ("at",)),
    ):
        for column in columns:
            connection.execute(f"UPDATE {table} SET {column} = {_moment('id / 60')} WHERE {column} IS NOT NULL")
    connection.execute(f"UPDATE pending_exports SET next_retry_at = {_moment('3000')} WHERE next_retry_at IS NOT NULL")
    connection.execute(f"UPDATE runs SET started_at = {_moment('id * 60')}, host = 'signalbox', operator = 'ada'")
    connection.execute(f"UPDATE runs SET ended_at = {_moment('id * 60 + 9')} WHERE ended_at IS NOT NULL")
    connection.execute(f"UPDATE steps SET started_at = {_moment('id * 60')}")
    connection.execute(f"UPDATE steps SET ended_at = {_moment('id * 60 + 1 + done / 400')} WHERE ended_at IS NOT NULL")
    connection.execute(
        "UPDATE review_items SET evidence = json_set(evidence, "
        f"'$.last_seen_at', {_moment('600')}, '$.missing_since', {_moment('660')})"
    )
    connection.execute("UPDATE transitions SET operator = 'ada' WHERE operator IS NOT NULL")
    fixed = "printf('%08d-0000-4000-8000-%012d', id, id)"
    connection.execute(
        f"UPDATE objects SET attributes = json_set(attributes, '$.entryUUID', json_array({fixed})) "
        "WHERE json_extract(attributes, '$.entryUUID') IS NOT NULL"
    )
    known = dict(connection.execute(f"SELECT external_id, {fixed} FROM objects WHERE external_id IS NOT NULL"))
    _name_entries(store.with_name("directory.ldif"), known)
    connection.execute(
        f"UPDATE tombstones SET external_id = {fixed}, attributes = json_set(attributes, '$.entryUUID', "
        f"json_array({fixed})) WHERE external_id LIKE '________-____-4___-%'"
    )
    connection.execute(f"UPDATE objects SET external_id = {fixed} WHERE external_id LIKE '________-____-4___-%'")
    connection.commit()
    connection.close()


def _name_entries(ldif: Path, known: dict[str, str]) -> None:
    lines = ldif.read_text().split("\n")
    for index, line in enumerate(lines):
        if line.startswith("entryUUID: "):
            old = line.removeprefix("entryUUID: ")
            lines[index] = f"entryUUID: {known.get(old, old)}"
    ldif.write_text("\n".join(lines))


def _moment(seconds: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', '{DAY} 08:00:00', '+' || ({seconds}) || ' seconds')"


def let_days_pass(store: Path, days: int) -> None:
    """Write down a night's run for each working day before, ever more objects and ever longer, some with errors."""
    connection = sqlite3.connect(store)
    last = date.fromisoformat(DAY)
    for number in range(days):
        day = last - timedelta(days=days - number)
        if day.weekday() > 4:
            continue
        key, people = 10_000 + number, 900 + 2 * number
        took = 60 + number + number * 7 % 20
        began, ended = f"{day}T05:30:00.000Z", f"{day}T05:{30 + took // 60}:{took % 60:02}.000Z"
        connection.execute(
            "INSERT INTO runs (id, profile, operator, host, pid, started_at, ended_at, result) "
            "VALUES (?, 'nightly', 'root', 'signalbox', 1, ?, ?, 'success')",
            (key, began, ended),
        )
        for place, (phase, system) in enumerate((("import", "hr"), ("sync", ""), ("confirm", "directory"))):
            told = f'{{"joins": {number * 5 % 11}}}' if phase == "sync" else "{}"
            connection.execute(
                "INSERT INTO steps (id, run_id, position, phase, system, started_at, ended_at, result, done, total, "
                "statistics, message) VALUES (?, ?, ?, ?, ?, ?, ?, 'success', ?, ?, ?, '')",
                (3 * key + place, key, place, phase, system, began, ended, people, people, told),
            )
        connection.executemany(
            "INSERT INTO item_errors (step_id, code, message, advice, system, type, label, position, is_warning) "
            "VALUES (?, 'dn-not-determined', 'no department', '', 'hr', 'person', 'x', '', 0)",
            [(3 * key + 1,)] * (number * 3 % 7 if number % 4 == 0 else 0),
        )
    connection.executemany(
        "INSERT INTO owed_references (direction, owner_id, attribute, system, key, since, told) "
        "VALUES ('out', ?, 'manager', 'directory', ?, ?, 1)",
        [(number, str(number + 100), f"{DAY}T08:{number % 60:02}:00.000Z") for number in range(1, 31)],
    )
    connection.commit()
    connection.close()


def let_configuration_stand_still(store: Path) -> None:
    """Give what is kept of the configuration fixed times; the audit log is whole no more."""
    connection = sqlite3.connect(store)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    at = f"{DAY}T08:00:00.000Z"
    connection.execute("UPDATE audit SET at = ? WHERE action = 'configuration'", (at,))
    connection.execute(
        "UPDATE rule_marks SET fingerprint = json_set(fingerprint, '$.at', ?) WHERE scope = 'configuration'", (at,)
    )
    connection.commit()
    connection.close()


def let_audit_stand_still(store: Path) -> None:
    """Give the entries of the audit log fixed times, processes and seals; it is whole no more."""
    connection = sqlite3.connect(store)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(
        "UPDATE audit SET at = printf(?, id), host = 'office', session = 'process 1 of ada', "
        "previous = printf('%064x', id - 1), hash = printf('%064x', id)",
        (f"{DAY}T08:%02d:00.000Z",),
    )
    connection.commit()
    connection.close()


def let_plan_stand_still(folder: Path) -> None:
    """Give the times of a plan that is kept fixed values, and the ids that its copy of a directory gave."""
    plan = next(folder.glob("interlock.db.plan-*"))
    connection = sqlite3.connect(plan)
    moments = {"started_at": f"{DAY}T08:20:00.000Z", "ended_at": f"{DAY}T08:20:02.000Z"}
    for name, moment in moments.items():
        connection.execute(f"UPDATE about SET document = json_set(document, '$.{name}', ?)", (moment,))
    connection.commit()
    connection.close()


def pretend_run(store: Path, pid: int, process: str, host: str) -> int:
    """Write down a run that a living process is in the middle of, and give its step's id."""
    connection = sqlite3.connect(store)
    connection.execute(
        "INSERT INTO runs (profile, operator, host, pid, started_at) "
        "VALUES ('whole cycle', 'grace', 'signalbox', ?, ?)",
        (pid, f"{DAY}T09:00:00.000Z"),
    )
    run_id = connection.execute("SELECT max(id) FROM runs").fetchone()[0]
    connection.execute(
        "INSERT INTO steps (run_id, position, phase, system, started_at, done, total, statistics, message) "
        "VALUES (?, 1, 'export', 'directory', ?, 41000, 100000, '{\"adds\": 40310, \"updates\": 690}', '')",
        (run_id, f"{DAY}T09:00:00.000Z"),
    )
    connection.execute(
        "INSERT INTO lease VALUES (1, 'x', ?, ?, ?, ?, ?)", (run_id, host, pid, process, f"{DAY}T09:00:00.000Z")
    )
    step_id = connection.execute("SELECT max(id) FROM steps").fetchone()[0]
    connection.commit()
    connection.close()
    return int(step_id)


def advance(store: Path, step_id: int, done: int) -> None:
    """Let the pretended run get on."""
    connection = sqlite3.connect(store)
    connection.execute("UPDATE steps SET done = ? WHERE id = ?", (done, step_id))
    connection.commit()
    connection.close()
