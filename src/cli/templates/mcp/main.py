from mcp.server.fastmcp import FastMCP
from mcp.server.transport_security import TransportSecuritySettings

# The runner has checked the host before; this server sees its own address in the container.
security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
server = FastMCP("Tools", stateless_http=True, json_response=True, transport_security=security)


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


app = server.streamable_http_app()
