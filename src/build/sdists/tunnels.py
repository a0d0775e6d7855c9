"""What the gateway of source builds and the proxy of agents have in common.

Both pass on what comes to them after one look at its head: whether its host may be reached. A name is
resolved once, and the connection goes to the address that was looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
import socket
import time
import urllib.parse
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Union

PORT = 3128
# Clients of a proxy send heads of a few hundred bytes, and agents their list of hosts.
MAX_HEAD = 16 * 1024
CONNECT_SECONDS = 15
CHUNK = 64 * 1024
# Of one address at a time, so that none takes what the others need.
MAX_CONNECTIONS = 512
# For a head that is only read to be answered: with bytes unread the answer would be lost.
REFUSE_SECONDS = 1

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Serve = Callable[[Streams, str, str, "list[str]"], Awaitable[None]]


class RefusedError(Exception):
    """The request is not allowed out; the message says why."""


async def public_address(host: str, port: int, is_open: Callable[[Address], bool]) -> str:
    """The address to connect to, resolved once: it must not change between the check and the use."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for info in infos:
        address = ipaddress.ip_address(info[4][0])
        if is_open(getattr(address, "ipv4_mapped", None) or address):
            return str(address)
    raise RefusedError(f"{host} has no public address")


def networks_of(texts: list[str]) -> list[Network]:
    return [ipaddress.ip_network(text) for text in texts]


def is_public(address: Address, closed: list[Network]) -> bool:
    """Whether it is of the internet: by the list too, since versions of Python know different networks."""
    return (
        address.is_global and not address.is_multicast and not any(address in network for network in closed)
    )


async def relay(client: Streams, upstream: Streams, first: bytes, idle_seconds: float) -> None:
    """Passes everything on, both ways, until both ends are done or silent for so long."""
    if first:
        upstream[1].write(first)
    else:
        client[1].write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    heard = [time.monotonic()]
    try:
        await asyncio.gather(
            pump(client[0], upstream[1], heard, idle_seconds),
            pump(upstream[0], client[1], heard, idle_seconds),
        )
    finally:
        await end(upstream[1])


async def end(writer: asyncio.StreamWriter) -> None:
    """Closes, also where the other end never takes what is left for it."""
    writer.close()
    try:
        await asyncio.wait_for(writer.wait_closed(), CONNECT_SECONDS)
    except (OSError, asyncio.TimeoutError):
        writer.transport.abort()


async def pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[float], idle_seconds: float
) -> None:
    while True:
        try:
            data = await asyncio.wait_for(reader.read(CHUNK), idle_seconds)
        except asyncio.TimeoutError:
            # The other end may be in the middle of a long answer.
            if time.monotonic() - heard[0] < idle_seconds:
                continue
            raise
        heard[0] = time.monotonic()
        if not data:
            break
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def plain_request(method: str, target: str, lines: list[str]) -> bytes:
    """A request without TLS; each has a connection of its own."""
    url = urllib.parse.urlsplit(target)
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    dropped = ("connection", "proxy-connection", "proxy-authorization", "host")
    kept = [line for line in lines if line.split(":", 1)[0].strip().lower() not in dropped]
    head = [f"{method} {path} HTTP/1.1", f"Host: {url.netloc}", "Connection: close", *kept]
    return ("\r\n".join(head) + "\r\n\r\n").encode()


def run(serve: Serve) -> None:
    connections: Counter[str] = Counter()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str(writer.get_extra_info("peername", ("",))[0])
        connections[peer] += 1
        try:
            is_one_too_many = connections[peer] > MAX_CONNECTIONS
            seconds = REFUSE_SECONDS if is_one_too_many else CONNECT_SECONDS
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), seconds)).decode("latin-1")
            if is_one_too_many:
                raise RefusedError(f"{MAX_CONNECTIONS} connections are open already")
            request, *lines = head.rstrip("\r\n").split("\r\n")
            method, target, _ = request.split(" ", 2)
            await serve((reader, writer), method, target, lines)
        except RefusedError as refusal:
            print(f"refused: {refusal}", flush=True)
            # apt shows the reason, and not the body.
            reason = " ".join(str(refusal).split())
            writer.write(f"HTTP/1.1 403 {reason}\r\nConnection: close\r\n\r\n{refusal}\n".encode())
        except (OSError, ValueError, asyncio.TimeoutError, EOFError, asyncio.LimitOverrunError):
            pass
        finally:
            await end(writer)
            connections[peer] -= 1
            if connections[peer] == 0:
                del connections[peer]

    # A connection takes two files; engines give 1,024 to who does not ask for more.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def main() -> None:
        server = await asyncio.start_server(one, "0.0.0.0", PORT, limit=MAX_HEAD, backlog=MAX_CONNECTIONS)
        async with server:
            await server.serve_forever()

    asyncio.run(main())
