from mcp.server.mcpserver import MCPServer

server = MCPServer("Tools")


@server.tool()
def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


# The runner looks at the caller's host. Without sessions every call stands for itself, also after a sleep.
app = server.streamable_http_app(stateless_http=True, json_response=True, host="0.0.0.0")
