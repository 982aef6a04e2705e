"""Measures sundown's bridge beside pyo3-async-runtimes (p-a-r) and beside asyncio alone. Run by `cargo xtask bench python`."""

import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import time

#: The rounds of each measurement; ours and theirs take turns, so that a noisy moment hits both.
ROUNDS = int(os.environ.get("ROUNDS", "7"))

#: What measures them; `CLOCK=thread_time`, the CPU time of the loop's thread, says more on a busy machine.
CLOCK = getattr(time, os.environ.get("CLOCK", "perf_counter"))

GATHERED = 10_000
IN_A_ROW = 2_000
CALLS = 50_000
IN_FLIGHT = 100_000


def loops():
    yield "asyncio", asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:
        print("uvloop is not there for this interpreter: left out")
    else:
        yield "uvloop", uvloop.new_event_loop


def seconds(new_loop, work):
    """What `await work()` takes in a loop that is warm."""

    async def timed():
        start = CLOCK()
        await work()
        return CLOCK() - start

    loop = new_loop()
    try:
        loop.run_until_complete(asyncio.sleep(0))
        gc.collect()
        return loop.run_until_complete(timed())
    finally:
        loop.close()


def gather(function, *arguments):
    async def work():
        await asyncio.gather(*[function(*arguments) for _ in range(GATHERED)])

    return work


async def floor():
    """Futures of asyncio alone, resolved by one callback."""
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(GATHERED)]

    def resolve():
        for future in futures:
            future.set_result(None)

    loop.call_soon(resolve)
    await asyncio.gather(*futures)


def in_a_row(function):
    async def work():
        for _ in range(IN_A_ROW):
            await function()

    return work


async def at_once():
    return None


def measure(name, count, new_loop, **sides):
    """Prints a line: microseconds each, median (least to most), and the ratios to ours."""
    results = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, work in sides.items():
            results[side].append(seconds(new_loop, work) / count * 1e6)
    medians = {side: statistics.median(values) for side, values in results.items()}
    columns = []
    for side, values in results.items():
        text = f"{side} {medians[side]:6.2f} ({min(values):.2f} to {max(values):.2f})"
        if side != "ours":
            text += f" = {medians[side] / medians['ours']:5.2f} of ours"
        columns.append(text)
    print(f"  {name:34}  " + "   ".join(columns), flush=True)


def throughput():
    from bench_python import ours, peer

    for name, new_loop in loops():
        print(f"\n{name}: microseconds each by {CLOCK.__name__}, median of {ROUNDS} (least to most)")
        measure(f"gather of {GATHERED:,} ready", GATHERED, new_loop, ours=gather(ours.ready), floor=floor, par=gather(peer.ready))
        measure(
            f"gather of {GATHERED:,} sleep(1 ms)",
            GATHERED,
            new_loop,
            ours=gather(ours.sleep, 0.001),
            floor=floor,
            par=gather(peer.sleep, 0.001),
        )
        measure("one await after another", IN_A_ROW, new_loop, ours=in_a_row(ours.ready), par=in_a_row(peer.ready))
        measure("the same, eager and ready", IN_A_ROW, new_loop, ours=in_a_row(ours.eager))
        measure(
            "into_future, one after another",
            IN_A_ROW,
            new_loop,
            ours=lambda: ours.delegate(at_once, IN_A_ROW),
            par=lambda: peer.delegate(at_once, IN_A_ROW),
        )
        measure(
            f"into_future, {GATHERED:,} at a time",
            GATHERED,
            new_loop,
            ours=lambda: ours.await_all([at_once() for _ in range(GATHERED)]),
            par=lambda: peer.await_all([at_once() for _ in range(GATHERED)]),
        )
        same = lambda number: number
        for at_a_time in (1, 64, 1_000):
            times = CALLS if at_a_time > 1 else IN_A_ROW
            measure(
                f"{times:,} callbacks, {at_a_time:,} at a time",
                times,
                new_loop,
                ours=lambda: ours.call(same, times, at_a_time),
                par=lambda: peer.call(same, times, at_a_time),
            )
        measure(
            f"{IN_A_ROW:,} callbacks, theirs on the worker",
            IN_A_ROW,
            new_loop,
            ours=lambda: ours.call(same, IN_A_ROW, 1),
            floor=lambda: ours.cross(IN_A_ROW),
            par=lambda: peer.call_on_worker(same, IN_A_ROW),
        )


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def in_flight(side):
    """Memory, threads, and the time to cancel, of many futures in flight: in a process of its own. Prints JSON."""
    import bench_python

    sleep = getattr(bench_python, side).sleep

    async def main():
        await sleep(0)
        before = resident()
        futures = [sleep(1000) for _ in range(IN_FLIGHT)]
        await asyncio.sleep(0.5)
        memory = (resident() - before) / IN_FLIGHT
        threads = len(os.listdir("/proc/self/task"))
        start = time.perf_counter()
        for future in futures:
            future.cancel()
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results)
        cancelled = time.perf_counter() - start
        del futures, results
        start = time.perf_counter()
        await asyncio.gather(*[sleep(0.001) for _ in range(1_000)])
        return {
            "memory": memory,
            "threads": threads,
            "cancelled": cancelled,
            "threads_after_1000": len(os.listdir("/proc/self/task")),
        }

    print(json.dumps(asyncio.run(main())), flush=True)
    os._exit(0)  # theirs may not survive an orderly exit


def unconnected():
    """Memory of as many futures of asyncio and tasks of tokio that know nothing of each other. Prints JSON."""
    from bench_python import ours

    async def main():
        loop = asyncio.get_running_loop()
        await ours.sleep(0)
        before = resident()
        futures = []
        for _ in range(IN_FLIGHT):
            ours.spawn_sleep(1000)
            futures.append(loop.create_future())
        await asyncio.sleep(0.5)
        return {"memory": (resident() - before) / IN_FLIGHT}

    print(json.dumps(asyncio.run(main())), flush=True)
    os._exit(0)


def exiting(what):
    """Prints when the main module ends, so that the parent can tell what the exit took."""
    if what != "nothing":
        from bench_python import ours

        async def main():
            await ours.ready()
            if what == "in flight":
                for _ in range(1_000):
                    asyncio.ensure_future(ours.sleep(1000))

        asyncio.run(main())
    else:
        asyncio.run(asyncio.sleep(0))
    print(time.monotonic(), flush=True)


def objects():
    """What a class with `#[pyclass_teardown]` costs."""
    import bench_python

    print("\nclasses: create and close, microseconds, median of 200 (least to most)")
    for name in ("WithRuntime", "WithLoop", "WithBoth"):
        make, took = getattr(bench_python, name), []
        for _ in range(200):
            start = time.perf_counter()
            made = make()
            middle = time.perf_counter()
            made.close()
            took.append(((middle - start) * 1e6, (time.perf_counter() - middle) * 1e6))
        create, close = ([times[i] for times in took] for i in (0, 1))
        print(
            f"  {name:12}  create {statistics.median(create):7.1f} ({min(create):.1f} to {max(create):.1f})"
            f"   close {statistics.median(close):7.1f} ({min(close):.1f} to {max(close):.1f})"
        )

    print("\nclasses: made, one call awaited, closed, microseconds an object, median of 15 times 100 (least to most)")
    rounds = {"WithGuard": [], "WithRuntime": []}

    async def used(make):
        start = time.perf_counter()
        for _ in range(100):
            async with make() as made:
                await made.get()
        return (time.perf_counter() - start) / 100 * 1e6

    for _ in range(15):
        for name, took in rounds.items():
            took.append(asyncio.run(used(getattr(bench_python, name))))
    for name, took in rounds.items():
        print(f"  {name:12}  {statistics.median(took):7.1f} ({min(took):.1f} to {max(took):.1f})")

    made, calls, rounds = bench_python.WithRuntime(), 200_000, []
    for _ in range(15):
        of = {}
        for name in ("checked", "unchecked"):
            call = getattr(made, name)
            start = time.perf_counter()
            for _ in range(calls):
                call()
            of[name] = (time.perf_counter() - start) / calls * 1e9
        rounds.append(of["checked"] - of["unchecked"])
    made.close()
    print(f"  the closed check of a method: {statistics.median(rounds):.1f} ns a call ({min(rounds):.1f} to {max(rounds):.1f})")

    print("\nexit with live objects, ms, median of 5 (least to most)")
    for name, count in ((name, count) for name in ("WithRuntime", "WithLoop", "WithBoth") for count in (100, 1_000)):
        took = []
        for _ in range(5):
            start, end = call_self("living", name, str(count))
            took.append((end - float(start)) * 1e3)
        print(f"  {count:5,} {name:12}  {statistics.median(took):7.1f} ({min(took):.1f} to {max(took):.1f})", flush=True)


def living(name, count):
    """Leaves this many objects to the exit."""
    import bench_python

    alive.extend(getattr(bench_python, name)() for _ in range(count))
    print(time.monotonic(), flush=True)


alive = []


def call_self(*arguments):
    output = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, check=True, text=True)
    return output.stdout, time.monotonic()


def apart():
    print(f"\n{IN_FLIGHT:,} futures in flight")
    results = {side: json.loads(call_self("in-flight", side)[0]) for side in ("ours", "peer")}
    for key, name, unit, scale in (
        ("memory", "memory each", "bytes", 1),
        ("cancelled", "to cancel all and see it", "ms", 1e3),
        ("threads", "threads of the process", "", 1),
        ("threads_after_1000", "threads after a gather of 1,000", "", 1),
    ):
        ours, peer = results["ours"][key] * scale, results["peer"][key] * scale
        print(f"  {name:34}  ours {ours:8.1f} {unit}   par {peer:8.1f} {unit} = {peer / ours:5.2f} of ours")
    floor = json.loads(call_self("unconnected")[0])["memory"]
    print(f"  {'memory of a future and a task':34}  floor {floor:7.1f} bytes")

    print("\nexit: from the last line of the program to the end of the process, ms, median of 21 (least to most)")
    medians = {}
    for what in ("nothing", "imported and used", "in flight"):
        took = []
        for _ in range(21):
            start, end = call_self("exiting", what)
            took.append((end - float(start)) * 1e3)
        medians[what] = statistics.median(took)
        more = "" if what == "nothing" else f"   {medians[what] - medians['nothing']:+.1f} ms"
        print(f"  {what:34}  {medians[what]:6.1f} ({min(took):.1f} to {max(took):.1f}){more}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["in-flight"]:
        in_flight(sys.argv[2])
    elif sys.argv[1:2] == ["unconnected"]:
        unconnected()
    elif sys.argv[1:2] == ["living"]:
        living(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["exiting"]:
        exiting(sys.argv[2])
    else:
        print(sys.version.split()[0], "on", os.cpu_count(), "CPUs, load", os.getloadavg()[0])
        for part in (throughput, apart, objects):
            if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
                part()
        sys.stdout.flush()
        os._exit(0)  # what was measured may abort the process when it ends
