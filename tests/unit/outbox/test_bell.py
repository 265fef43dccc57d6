import asyncio
import threading
import time

from remanence.outbox.bell import Bell


async def test_whoever_listens_hears() -> None:
    bell = Bell()
    with bell.heard() as anything, bell.heard("one") as one, bell.heard("two") as two:
        bell.ring("one")
        began = time.monotonic()
        await anything.wait(5)
        await one.wait(5)
        assert time.monotonic() - began < 1
        await two.wait(0.05)
        assert time.monotonic() - began >= 0.05


async def test_what_rang_before_waiting_is_heard_until_cleared() -> None:
    bell = Bell()
    with bell.heard() as ear:
        bell.ring()
        began = time.monotonic()
        await ear.wait(5)
        await ear.wait(5)
        assert time.monotonic() - began < 1
        ear.clear()
        await ear.wait(0.05)
        assert time.monotonic() - began >= 0.05


async def test_from_another_thread_and_loop() -> None:
    bell = Bell()
    with bell.heard() as ear:
        threading.Timer(0.05, bell.ring).start()
        began = time.monotonic()
        await ear.wait(5)
        assert time.monotonic() - began < 1


def test_an_event_loop_that_is_closed_hears_nothing() -> None:
    bell = Bell()
    heard = bell.heard()

    async def listen() -> None:
        heard.__enter__()

    asyncio.run(listen())
    bell.ring()
    heard.__exit__(None, None, None)
    bell.ring()
