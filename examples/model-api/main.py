"""Asks a model over HTTP, and passes its words on as they come.

The key and the address of the API are secrets: `OPENAI_API_KEY`, and `OPENAI_BASE_URL` for any other server
that speaks chat completions. A caller who leaves ends the call of the model as well.
"""

import os

from openai import AsyncOpenAI

client = AsyncOpenAI()
model = os.environ.get("MODEL", "gpt-4o-mini")


async def handler(input):
    messages = [
        {"role": "system", "content": "Answer in one sentence."},
        {"role": "user", "content": input["question"]},
    ]
    answer = await client.chat.completions.create(model=model, messages=messages, stream=True)
    async for chunk in answer:
        for choice in chunk.choices:
            if choice.delta.content:
                yield choice.delta.content
