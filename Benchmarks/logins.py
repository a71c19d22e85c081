#!/usr/bin/env python3
"""Runs a command while accounts log in at a fixed rate:

    logins.py URL RATE EMAIL PASSWORD [EMAIL PASSWORD …] -- COMMAND…

An open model: each log-in begins at its time, whatever became of those before. Prints how many were begun, and how many
were answered by which status, and exits as the command does.
"""

import asyncio
import collections
import sys

import aiohttp


async def log_in(session, url, account, statuses):
    try:
        async with session.post(f"{url}/api/auth/login", json=account) as response:
            await response.read()
            statuses[response.status] += 1
    except aiohttp.ClientError as error:
        statuses[type(error).__name__] += 1


async def main():
    mark = sys.argv.index("--")
    url, rate, *words = sys.argv[1:mark]
    accounts = [dict(zip(("email", "password"), pair)) for pair in zip(words[::2], words[1::2])]
    statuses, tasks, begun = collections.Counter(), set(), 0
    command = await asyncio.create_subprocess_exec(*sys.argv[mark + 1 :])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        clock = asyncio.get_running_loop().time
        start, ended = clock(), asyncio.create_task(command.wait())
        while not ended.done():
            task = asyncio.create_task(log_in(session, url, accounts[begun % len(accounts)], statuses))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            begun += 1
            await asyncio.wait([ended], timeout=max(0, start + begun / float(rate) - clock()))
        seconds = clock() - start
        for task in tasks:
            task.cancel()
    answers = " ".join(f"{status}:{count}" for status, count in sorted(statuses.items(), key=str))
    print(f"LOGINS {begun} in {seconds:.1f} s, {answers}")
    sys.exit(ended.result())


asyncio.run(main())
