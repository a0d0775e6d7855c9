"""The way out of agents that name the hosts they reach.

An HTTP proxy for all agents of one runner. Each request brings its agent's list of hosts as a user's name,
and as the password the proof that the runner wrote it. So the proxy need not be told of any agent.
OKEN_GATEWAY_CONFIG is JSON:

- key: what the proofs are made with.
- closed: networks that are not of the internet.
- exceptions: those that the operator opened, where a named host may be all the same.

The host's own addresses, and the ports of the exceptions, are the firewall's affair.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import urllib.parse

from tunnels import (
    CONNECT_SECONDS,
    Address,
    RefusedError,
    Streams,
    is_public,
    networks_of,
    plain_request,
    public_address,
    relay,
    run,
)

# What a host without a port stands for.
WEB_PORTS = (80, 443)
# As many digits as the runner writes.
PROOF_DIGITS = 32
# Models think for minutes, and WebSockets are silent for longer.
IDLE_SECONDS = 3600
# Held of a connection in each direction while its reader is slow: all agents share the proxy's memory.
MAX_HELD = 16 * 1024

CONFIG = json.loads(os.environ["OKEN_GATEWAY_CONFIG"])
KEY = CONFIG["key"].encode()
CLOSED = networks_of(CONFIG["closed"])
EXCEPTIONS = networks_of(CONFIG["exceptions"])


def named_hosts(lines: list[str]) -> list[str]:
    """The list that a request brings; refused without the proof that the runner wrote it."""
    for line in lines:
        name, _, value = line.partition(":")
        scheme, _, encoded = value.strip().partition(" ")
        if name.strip().lower() != "proxy-authorization" or scheme.lower() != "basic":
            continue
        text, _, proof = base64.b64decode(encoded).decode("latin-1").partition(":")
        expected = hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()[:PROOF_DIGITS]
        if hmac.compare_digest(proof.encode(), expected.encode()):
            hosts: list[str] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return hosts
    raise RefusedError("the request does not say whose it is")


def is_named(host: str, port: int, hosts: list[str]) -> bool:
    for entry in hosts:
        name, _, own_port = entry.partition(":")
        if port not in ((int(own_port),) if own_port else WEB_PORTS):
            continue
        if host == name or (name.startswith("*.") and host.endswith(name[1:]) and host != name[1:]):
            return True
    return False


def is_open(address: Address) -> bool:
    return any(address in network for network in EXCEPTIONS) or is_public(address, CLOSED)


async def connect(host: str, port: int) -> Streams:
    return await asyncio.open_connection(await public_address(host, port, is_open), port, limit=MAX_HELD)


async def tunnel(client: Streams, host: str, port: int, first: bytes, lines: list[str]) -> None:
    if not is_named(host.lower().rstrip("."), port, named_hosts(lines)):
        raise RefusedError(f"{host}:{port} is not in the agent's egress")
    try:
        upstream = await asyncio.wait_for(connect(host, port), CONNECT_SECONDS)
    except (OSError, asyncio.TimeoutError) as error:
        raise RefusedError(f"{host}:{port} does not answer: {error}") from error
    for _, writer in (client, upstream):
        writer.transport.set_write_buffer_limits(high=MAX_HELD)
    await relay(client, upstream, first, IDLE_SECONDS)


async def serve(client: Streams, method: str, target: str, lines: list[str]) -> None:
    if method == "CONNECT":
        name, _, port = target.rpartition(":")
        await tunnel(client, name.strip("[]"), int(port), b"", lines)
    elif target.startswith("http://"):
        url = urllib.parse.urlsplit(target)
        await tunnel(client, url.hostname or "", url.port or 80, plain_request(method, target, lines), lines)
    else:
        raise RefusedError(f"{method} {target.split('?')[0]} is not allowed")


run(serve)
