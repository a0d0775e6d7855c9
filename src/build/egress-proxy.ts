import program from "./egress-proxy.py" with { type: "text" };
import tunnels from "./sdists/tunnels.py" with { type: "text" };

/** The agents' proxy as one program: what it imports is made before it begins. A JSON text is one of Python, too. */
export const EGRESS_PROXY = `import sys, types
module = types.ModuleType("tunnels")
sys.modules["tunnels"] = module
exec(${JSON.stringify(tunnels)}, module.__dict__)
exec(${JSON.stringify(program)})
`;
