"""Ask a run that is going on, in whichever process, to stop."""

from engine.approvals.audit import record
from engine.roles import Role, require
from engine.workspace import Workspace
from storage import runs


async def stop_runs(workspace: Workspace, operator: str) -> list[int]:
    """Ask the open run to stop at its next page boundary; give the ids of the runs asked. Raises `NotAllowed`."""
    require(workspace.config, operator, Role.OPERATOR, "stop a run")
    async with workspace.store.transaction() as tx:
        asked = await runs.request_stop(tx, operator)
        if asked:
            details = {"runs": asked}
            await record(tx, workspace, operator=operator, action="stop", subject=f"run-{asked[0]}", details=details)
    return asked
