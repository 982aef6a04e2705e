"""Samples the machine by a task and by a subprocess of its own, and sends metrics by UDP."""

import asyncio
import contextlib
import os
import signal
import sys

CLOCK = "while echo tick; do sleep 0.2; done"


async def sample(metrics):
    while True:
        metrics.sendto(f"load:{os.getloadavg()[0]}|g".encode())
        await asyncio.sleep(0.2)


async def count_ticks(clock, metrics):
    async for _ in clock.stdout:
        metrics.sendto(b"ticks:1|c")


async def main(port):
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    metrics, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port))
    clock = await asyncio.create_subprocess_exec("sh", "-c", CLOCK, stdout=asyncio.subprocess.PIPE)
    tasks = [asyncio.ensure_future(sample(metrics)), asyncio.ensure_future(count_ticks(clock, metrics))]
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    print("ready", flush=True)
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # SIGTERM went to the whole process group, so the clock may be gone. Not by `terminate`, which would reap it before
    # asyncio does. Its pipe must be gone too, before the loop is closed.
    with contextlib.suppress(ProcessLookupError):
        os.kill(clock.pid, signal.SIGTERM)
    await clock.communicate()
    metrics.close()
    print("has stopped", flush=True)


asyncio.run(main(int(sys.argv[1])))
