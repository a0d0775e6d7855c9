"""A handler. It takes the input of a call and returns the output."""

import os

import humanize


def handler(input):
    name = input.get("name", "world")
    print(f"greeting {name}")
    return {
        "greeting": f"{os.environ.get('GREETING', 'Hello')}, {name}!",
        "length": humanize.naturalsize(len(name)),
    }
