"""An async handler. Its steps run at the same time, and so do the calls inside it."""

import asyncio


async def handler(input):
    answers = await asyncio.gather(*(look_up(city) for city in input["cities"]))
    return dict(zip(input["cities"], answers))


async def look_up(city):
    await asyncio.sleep(0.2)  # a call of another service
    return f"{len(city) + 10} °C"
