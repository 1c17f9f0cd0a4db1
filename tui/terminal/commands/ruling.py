"""The rules, with how many objects are in the scope of each."""

from tui import feed
from tui.terminal.context import CONFIG, ConfigOption, JsonOption, carry_out, open_workspace
from tui.terminal.printing import write_json, write_table


def rules(config: ConfigOption = CONFIG, as_json: JsonOption = False) -> None:
    """List the rules: where each stands, how many objects are in its scope, and what goes wrong."""
    workspace = open_workspace(config)
    feed.tune_interpreter()

    async def collect() -> list[feed.Document]:
        found = await feed.rules.rules(workspace, config)
        counts = await feed.rules.counted(workspace)
        return [{**rule, **counts.get(rule["name"], {})} for rule in found]

    found = carry_out(workspace, collect())
    if as_json:
        write_json([{name: value for name, value in rule.items() if name not in ("key", "id")} for rule in found])
        return
    cells = (
        (
            rule["name"],
            f"{rule['from']} → {rule['to']}",
            f"{rule['inside']:,}",
            f"{rule['outside']:,}",
            f"{rule['failing']:,}" if rule["failing"] else "",
            rule["stands_at"],
        )
        for rule in found
    )
    write_table(["rule", "from → to", "in", "out", "errors", "stands at"], cells)
