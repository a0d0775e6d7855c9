"""The one way out of the container in which packages are built from source.

An HTTP proxy that lets requests through to the package index and refuses all else: the container's own network has no
route, not even to the host. Reads `gateway.json`: {"allow": [{"host", "port", "trusted"}], "upstream": URL or null}.
A host that the operator did not configure must resolve to a public address, and never to one of this host's.
"""

import asyncio
import base64
import ipaddress
import json
import pathlib
import socket
import sys
import urllib.parse

PORT = 3128
# A request's head is a few hundred bytes; what is longer is no package manager's.
MAX_HEAD = 16 * 1024
CONNECT_SECONDS = 15
# Indexes keep a connection silent while they make an archive; none was seen to need a minute.
IDLE_SECONDS = 120
CHUNK = 64 * 1024

CONFIG = json.loads(pathlib.Path(__file__).with_name("gateway.json").read_text())
ALLOWED = {(entry["host"].lower(), entry["port"]): entry["trusted"] for entry in CONFIG["allow"]}
OWN_ADDRESSES = {ipaddress.ip_address(address) for address in CONFIG["ownAddresses"]}
UPSTREAM = urllib.parse.urlsplit(CONFIG["upstream"]) if CONFIG["upstream"] else None


class Refused(Exception):
    pass


async def address_of(host, port, trusted):
    """An address to connect to; resolved once, so that it cannot change between the check and the use."""
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for info in infos:
        address = ipaddress.ip_address(info[4][0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if trusted or (mapped.is_global and not mapped.is_multicast and mapped not in OWN_ADDRESSES):
            return str(address)
    raise Refused(f"{host} has no public address")


async def open_tunnel(host, port):
    trusted = ALLOWED.get((host.lower(), port))
    if trusted is None:
        raise Refused(f"{host}:{port} is not a package index of this runner")
    if UPSTREAM is None:
        return await asyncio.open_connection(await address_of(host, port, trusted), port)
    reader, writer = await asyncio.open_connection(UPSTREAM.hostname, UPSTREAM.port or 3128)
    head = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n"
    if UPSTREAM.username:
        user = f"{urllib.parse.unquote(UPSTREAM.username)}:{urllib.parse.unquote(UPSTREAM.password or '')}"
        head += f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n"
    writer.write(f"{head}\r\n".encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    if answer.split(b" ", 2)[1:2] != [b"200"]:
        writer.close()
        raise Refused(f"the proxy of this host refused {host}:{port}")
    return reader, writer


async def pump(reader, writer):
    while True:
        data = await asyncio.wait_for(reader.read(CHUNK), IDLE_SECONDS)
        if not data:
            break
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def plain_request(target, lines):
    """A request for an index that is served without TLS, one to a connection."""
    url = urllib.parse.urlsplit(target)
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    kept = [line for line in lines if line.split(":", 1)[0].lower() not in ("connection", "proxy-connection", "host")]
    head = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", "Connection: close", *kept]
    return url.hostname or "", url.port or 80, ("\r\n".join(head) + "\r\n\r\n").encode()


async def serve(reader, writer):
    try:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), CONNECT_SECONDS)).decode("latin-1")
        request, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = request.split(" ", 2)
        first = b""
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            port = int(port)
        elif method == "GET" and target.startswith("http://"):
            host, port, first = plain_request(target, lines)
        else:
            raise Refused(f"{method} {target.split('?')[0]} is not allowed")
        try:
            upstream = await asyncio.wait_for(open_tunnel(host.strip("[]"), port), CONNECT_SECONDS)
        except (OSError, asyncio.TimeoutError) as error:
            raise Refused(f"{host}:{port} does not answer: {error}") from error
        if first:
            upstream[1].write(first)
        else:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(pump(reader, upstream[1]), pump(upstream[0], writer))
        finally:
            upstream[1].close()
    except Refused as refusal:
        print(f"refused: {refusal}", file=sys.stderr, flush=True)
        writer.write(f"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n{refusal}\n".encode())
    except (OSError, ValueError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", PORT, limit=MAX_HEAD)
    async with server:
        await server.serve_forever()


asyncio.run(main())
