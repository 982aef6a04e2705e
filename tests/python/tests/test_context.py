"""contextvars: captured when the future is made, used for the coroutine and its callbacks, as asyncio does."""

import asyncio
import contextvars
import sys

import pytest
import sundown_pytest as sp

variable = contextvars.ContextVar("variable", default="default")


async def read():
    before = variable.get()
    await asyncio.sleep(0)
    return before, variable.get()


def test_a_coroutine_sees_the_context_of_its_maker(all_loops):
    async def main():
        variable.set("maker's")
        relayed = sp.relay(read())
        variable.set("later")
        assert await relayed == ("maker's", "maker's")

    all_loops.run(main())


def test_what_a_coroutine_sets_stays_inside(all_loops):
    async def sets():
        variable.set("inside")
        await sp.ready(None)
        return variable.get()

    async def main():
        variable.set("outside")
        assert await sp.relay(sets()) == "inside"
        assert variable.get() == "outside"

    all_loops.run(main())


def test_a_function_called_by_rust_later(all_loops):
    """`into_future` on a worker, where there is no context: that of the Rust future's maker counts."""

    async def main():
        variable.set("maker's")
        future = sp.call_and_await(read)
        variable.set("later")
        assert await future == ("maker's", "maker's")

    all_loops.run(main())


def test_the_locals_inside_a_future(loops):
    async def main():
        variable.set("maker's")
        future = sp.context_inside(variable)
        variable.set("later")
        assert await future == "maker's"

    loops.run(main())


def test_done_callbacks_run_in_the_context_they_were_added_in(all_loops):
    async def main():
        seen = []
        future = sp.sleep(0.01)
        variable.set("at add")
        future.add_done_callback(lambda _: seen.append(variable.get()))
        other = contextvars.copy_context()
        other.run(variable.set, "given")
        future.add_done_callback(lambda _: seen.append(variable.get()), context=other)
        variable.set("later")
        await future
        await asyncio.sleep(0)
        assert seen == ["at add", "given"]

    all_loops.run(main())


def test_tasks_that_await_keep_their_own(all_loops):
    async def one(name):
        variable.set(name)
        for _ in range(20):
            await sp.sleep(0.001)
            assert variable.get() == name
            await sp.relay(read())
            assert variable.get() == name

    async def main():
        await asyncio.gather(*(asyncio.ensure_future(one(i)) for i in range(50)))

    all_loops.run(main())


def test_a_new_loops_bridge_keeps_no_context_alive(loops):
    """The reader is registered in an empty context: the first user's variables do not leak into what comes later."""
    import gc
    import weakref

    class Value:
        pass

    async def first():
        value = Value()
        alive = weakref.ref(value)
        variable.set(value)
        await sp.ready(1)
        return alive

    with loops.open() as loop:
        alive = loop.run_until_complete(first())
        gc.collect()
        assert alive() is None


def test_locals_with_and_without_a_context(loops):
    async def main():
        variable.set("copied")
        locals_ = sp.Locals.running().copy_context()
        variable.set("later")
        assert await sp.relay_with_locals(read(), locals_) == ("copied", "copied")

        # Without a context, that of the caller, as `loop.call_soon_threadsafe` has it.
        variable.set("caller's")
        relayed = sp.relay_with_locals(read(), sp.Locals.running())
        variable.set("later still")
        assert await relayed == ("caller's", "caller's")

    loops.run(main())


def test_the_eager_variant_polls_in_the_callers_context(loops):
    async def main():
        variable.set("caller's")
        assert await sp.eager_call(variable.get) == "caller's"

    loops.run(main())


def test_an_event_loop_keeps_no_context_of_its_maker():
    import gc
    import weakref

    class Value:
        pass

    def first():
        value = Value()
        variable.set(value)
        own = sp.EventLoop()
        assert own.run(variable.get) == "default"
        return own, weakref.ref(value)

    own, alive = contextvars.copy_context().run(first)
    gc.collect()
    assert alive() is None
    own.close()


@pytest.mark.skipif(sys.version_info < (3, 14), reason="threads inherit no context before 3.14")
def test_the_thread_of_callbacks_inherits_none(script):
    """It serves others, too. A free-threaded CPython has this flag by default."""
    out = script(
        """
        import contextvars, gc, weakref
        assert sys.flags.thread_inherit_context
        class Value:
            pass
        variable = contextvars.ContextVar("variable", default=None)
        def first():
            value = Value()
            variable.set(value)
            one = sp.Called(lambda _: variable.get())
            print(one.call(None))
            return one, weakref.ref(value)
        one, alive = contextvars.copy_context().run(first)
        gc.collect()
        print(alive())
        """,
        env={"PYTHON_THREAD_INHERIT_CONTEXT": "1"},
    )
    assert out == "None\nNone\n"
