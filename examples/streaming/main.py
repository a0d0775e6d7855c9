"""A generator: each item leaves as it is yielded, to a caller who sends `Accept: text/event-stream`."""

import time


def handler(input):
    for number in range(input["from"], 0, -1):
        yield {"left": number}
        time.sleep(input.get("pause", 0.1))
    yield {"left": 0, "said": "lift-off"}
