"""A generator. With `Accept: text/event-stream` each item is sent as it is yielded."""

import time


def handler(input):
    for number in range(input["from"], 0, -1):
        yield {"left": number}
        time.sleep(input.get("pause", 0.1))
    yield {"left": 0, "said": "lift-off"}
