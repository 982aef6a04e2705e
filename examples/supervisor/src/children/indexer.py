"""Keeps an index of the words in a folder: which files have them. It reads in a thread of asyncio's executor."""

import asyncio
import collections
import json
import pathlib
import signal
import sys


def index(folder):
    words = collections.defaultdict(list)
    for file in sorted(folder.glob("*")):
        for word in set(file.read_text(errors="replace").split()):
            words[word].append(file.name)
    folder.with_name("index.json").write_text(json.dumps(words))
    return len(words)


async def keep_index(folder):
    before = 0
    while True:
        words = await asyncio.to_thread(index, folder)
        if words != before:
            print(f"{words} words in the index", flush=True)
        before = words
        await asyncio.sleep(0.2)


async def main(folder, bad):
    stop = asyncio.Event()
    if bad:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    keeper = asyncio.ensure_future(keep_index(folder))
    print("ready", flush=True)
    await stop.wait()
    keeper.cancel()
    await asyncio.gather(keeper, return_exceptions=True)
    print("has stopped", flush=True)


asyncio.run(main(pathlib.Path(sys.argv[1]), "bad" in sys.argv[2:]))
