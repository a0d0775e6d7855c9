"""The only way out of the container that builds packages from source, and of steps that fetch.

An HTTP proxy that passes requests to the package index and refuses all others. The container's own
network has no route, not even to the host. OKEN_GATEWAY_CONFIG is JSON:

- allow: [{host, port, trusted}], where requests may go. A host that the operator did not configure is not
  trusted: it must have a public address, and none of this host's.
- public: whether any other host may be asked at public addresses. So it is for the steps that fetch:
  redirects lead anywhere, but no package's code runs there.
- logins: [{host, port, scheme, user, password}], indexes with credentials. The build asks them in plain
  HTTP. The gateway adds TLS and the credentials, so that package code never has them.
- closed: networks that are not of the internet.
- ownAddresses: the addresses of this host.
- upstream: the URL of this host's own proxy, or null.
"""

from __future__ import annotations

import asyncio
import base64
import http.client
import ipaddress
import json
import os
import pathlib
import ssl
import sys
import urllib.parse
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from tunnels import (
    CHUNK,
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

# An index may be silent while it makes an archive; none was seen to need a minute.
IDLE_SECONDS = 120
# The largest pages list thousands of files of one package, and have some megabytes.
MAX_PAGE = 32 * 1024 * 1024
AUTHORITIES = pathlib.Path(__file__).with_name("ca.pem")

CONFIG = json.loads(os.environ["OKEN_GATEWAY_CONFIG"])
ALLOWED = {(entry["host"].lower(), entry["port"]): entry["trusted"] for entry in CONFIG["allow"]}
LOGINS = {(entry["host"].lower(), entry["port"]): entry for entry in CONFIG["logins"]}
CLOSED = networks_of(CONFIG["closed"])
OWN_ADDRESSES = {ipaddress.ip_address(address.split("%")[0]) for address in CONFIG["ownAddresses"]}
UPSTREAM = urllib.parse.urlsplit(CONFIG["upstream"]) if CONFIG["upstream"] else None


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def upstream_headers() -> dict[str, str]:
    if UPSTREAM is None or not UPSTREAM.username:
        return {}
    user, password = urllib.parse.unquote(UPSTREAM.username), urllib.parse.unquote(UPSTREAM.password or "")
    return {"Proxy-Authorization": basic(user, password)}


async def address_of(host: str, port: int, *, trusted: bool) -> str:
    return await public_address(host, port, lambda address: trusted or is_open(address))


def is_open(address: Address) -> bool:
    return address not in OWN_ADDRESSES and is_public(address, CLOSED)


async def open_tunnel(host: str, port: int) -> Streams:
    trusted = ALLOWED.get((host.lower(), port), False if CONFIG["public"] else None)
    if trusted is None:
        raise RefusedError(f"{host}:{port} is not a package index of this runner")
    if UPSTREAM is None:
        return await asyncio.open_connection(await address_of(host, port, trusted=trusted), port)
    reader, writer = await asyncio.open_connection(UPSTREAM.hostname, UPSTREAM.port or 3128)
    headers = {"Host": f"{host}:{port}", **upstream_headers()}
    lines = [f"CONNECT {host}:{port} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    answer = await reader.readuntil(b"\r\n\r\n")
    if answer.split(b" ", 2)[1:2] != [b"200"]:
        writer.close()
        raise RefusedError(f"the proxy of this host refused {host}:{port}")
    return reader, writer


async def tunnel(client: Streams, host: str, port: int, first: bytes) -> None:
    try:
        upstream = await asyncio.wait_for(open_tunnel(host, port), CONNECT_SECONDS)
    except (OSError, asyncio.TimeoutError) as error:
        raise RefusedError(f"{host}:{port} does not answer: {error}") from error
    await relay(client, upstream, first, IDLE_SECONDS)


def ask_with_login(
    login: dict[str, Any], method: str, path: str, headers: list[tuple[str, ...]]
) -> http.client.HTTPResponse:
    """The answer of an index with credentials. Redirects are not followed, and the body is not read yet."""
    host, port = login["host"], login["port"]
    authorities = ssl.create_default_context()
    if AUTHORITIES.exists():
        authorities.load_verify_locations(AUTHORITIES)
    first = (UPSTREAM.hostname, UPSTREAM.port or 3128) if UPSTREAM else (host, port)
    connection: http.client.HTTPConnection
    if login["scheme"] == "https":
        connection = http.client.HTTPSConnection(*first, timeout=IDLE_SECONDS, context=authorities)
    else:
        connection = http.client.HTTPConnection(*first, timeout=IDLE_SECONDS)
    if UPSTREAM:
        connection.set_tunnel(host, port, upstream_headers())
    passed_on = ("accept", "range", "user-agent", "if-none-match")
    sent = {name: value for name, value in headers if name.lower() in passed_on}
    sent["Accept-Encoding"] = "identity"
    sent["Authorization"] = basic(login["user"], login["password"])
    connection.request(method, path, headers=sent)
    return connection.getresponse()


async def serve_with_login(
    writer: asyncio.StreamWriter, login: dict[str, Any], method: str, target: str, lines: list[str]
) -> None:
    url = urllib.parse.urlsplit(target)
    path = urllib.parse.urlunsplit(("", "", url.path or "/", url.query, ""))
    headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines if ":" in line]
    try:
        response = await asyncio.to_thread(ask_with_login, login, method, path, headers)
    except (OSError, http.client.HTTPException) as error:
        raise RefusedError(f"{login['host']}:{login['port']} does not answer: {error}") from error
    kind = response.getheader("Content-Type") or ""
    passed_on = ("content-type", "etag", "last-modified", "content-range", "accept-ranges", "location")
    kept = [f"{name}: {value}" for name, value in response.getheaders() if name.lower() in passed_on]
    page = method == "GET" and ("html" in kind or "json" in kind)
    body = await asyncio.to_thread(response.read, MAX_PAGE) if page else b""
    if page:
        # The build must follow links to the same index through this gateway, too.
        body = body.replace(f"https://{url.hostname}".encode(), f"http://{url.hostname}".encode())
        kept.append(f"Content-Length: {len(body)}")
    elif response.getheader("Content-Length"):
        kept.append(f"Content-Length: {response.getheader('Content-Length')}")
    head = [f"HTTP/1.1 {response.status} {response.reason}", "Connection: close", *kept]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body)
    while not page and (chunk := await asyncio.to_thread(response.read, CHUNK)):
        writer.write(chunk)
        await writer.drain()
    await writer.drain()


async def serve_plain(client: Streams, method: str, target: str, lines: list[str]) -> None:
    url = urllib.parse.urlsplit(target)
    host, port = url.hostname or "", url.port or 80
    login = LOGINS.get((host, port)) or (LOGINS.get((host, 443)) if port == 80 else None)
    if login:
        await serve_with_login(client[1], login, method, target, lines)
    else:
        await tunnel(client, host, port, plain_request(method, target, lines))


async def serve(client: Streams, method: str, target: str, lines: list[str]) -> None:
    if method == "CONNECT":
        name, _, port = target.rpartition(":")
        await tunnel(client, name.strip("[]"), int(port), b"")
    elif method in ("GET", "HEAD") and target.startswith("http://"):
        await serve_plain(client, method, target, lines)
    else:
        raise RefusedError(f"{method} {target.split('?')[0]} is not allowed")


run(serve)
