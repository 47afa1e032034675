"""Run mail-devel as its own process: `python -m testbed.demo.embedded`, with the options of mail-devel.

It keeps a strong reference to every task. asyncio keeps weak ones (see asyncio.create_task), and under Python 3.13 the
garbage collector removes pymap's connections while they wait for the client: "Task was destroyed but it is pending",
and the client sees a closed connection.
"""

import asyncio
from argparse import Namespace
from collections.abc import Coroutine, Generator
from typing import Any

from mail_devel import utils
from mail_devel.__main__ import run
from mail_devel.service import Service

_Work = Coroutine[Any, Any, Any] | Generator[Any, None, Any]
_TASKS: set[asyncio.Task[Any]] = set()


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    utils.configure_logging("INFO")
    asyncio.run(_serve(Service.parse()))


async def _serve(options: Namespace) -> None:
    asyncio.get_running_loop().set_task_factory(_kept)
    await run(options)


def _kept(loop: asyncio.AbstractEventLoop, work: _Work, **more: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, **more)
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)
    return task


if __name__ == "__main__":
    main()
