"""A second parameter named `context` tells about the call: its id, its headers, and the time that is left.

This handler stops a second before its `timeout`, and answers with what it has.
"""

import time


def handler(input, context):
    done = []
    for step in range(input["steps"]):
        if context.remaining() < 1:
            print(f"{context.request_id}: no time for step {step}")
            break
        time.sleep(input.get("seconds", 0.1))
        done.append(step)
    return {"done": len(done), "complete": len(done) == input["steps"]}
