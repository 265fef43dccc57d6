"""One reply, after which the process is killed: ``python -m evals.reme.killed KIND FOLDER N``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from evals.reme.kinds import agent_of, opened, says
from evals.reme.workspace import extracting_model, facts
from remanence.testing.models import ScriptedChatModel


async def _main(kind: str, workspace: Path, number: int) -> None:
    (fact,) = facts(number, 1)
    async with opened(kind, workspace, extracting_model()) as middleware:
        agent = await agent_of(ScriptedChatModel(["I see."]), middleware)
        await agent.reply(says(fact.text))
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
