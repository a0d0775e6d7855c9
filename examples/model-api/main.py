"""Asks a model over HTTP, and passes its words on as they come.

The API's key and address are secrets: `OPENAI_API_KEY`, and `OPENAI_BASE_URL` for any other server with chat
completions. When the caller leaves, the call of the model ends too.
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
