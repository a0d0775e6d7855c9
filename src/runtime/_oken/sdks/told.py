"""Streams whose work has a task of its own, which ends with its reader."""

from __future__ import annotations

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Awaitable
    from typing import Any, Callable

END = object()


async def relay(items: AsyncIterable[Any]) -> AsyncGenerator[Any]:
    """The same items. What makes them is cancelled, where closing it would leave some of it open."""

    async def run(tell: Callable[[Any], Awaitable[None]]) -> Any:
        async for item in items:
            await tell(item)
        return END

    told = stream(run)
    try:
        async for item in told:
            if item is not END:
                yield item
    finally:
        await told.aclose()


async def stream(run: Callable[[Callable[[Any], Awaitable[None]]], Awaitable[Any]]) -> AsyncGenerator[Any]:
    """The items that `run` tells, then its answer. It is cancelled when nobody reads on."""
    queue: asyncio.Queue[Any] = asyncio.Queue()

    async def tell(item: Any) -> None:
        queue.put_nowait(item)

    async def whole() -> Any:
        try:
            return await run(tell)
        finally:
            queue.put_nowait(END)

    task = asyncio.ensure_future(whole())
    try:
        while (item := await queue.get()) is not END:
            yield item
        yield await task
    finally:
        task.cancel()
        await asyncio.wait([task])
