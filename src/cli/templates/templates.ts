import agentMain from "./agent/main.py" with { type: "text" };
import fastapiMain from "./fastapi/main.py" with { type: "text" };
import fastapiRequirements from "./fastapi/requirements.txt" with { type: "text" };
import handlerMain from "./handler/main.py" with { type: "text" };
import langgraphMain from "./langgraph/main.py" with { type: "text" };
import langgraphRequirements from "./langgraph/requirements.txt" with { type: "text" };
import mcpMain from "./mcp/main.py" with { type: "text" };
import mcpRequirements from "./mcp/requirements.txt" with { type: "text" };

import type { TemplateName } from "./names.ts";

type Template = {
  /** Beside oken.toml. */
  files: Record<string, string>;
  /** What follows `invoke <id>` to see it work. */
  call: string;
};

export const TEMPLATES: Record<TemplateName, Template> = {
  handler: { files: { "main.py": handlerMain }, call: `'{"name": "Ada"}'` },
  agent: { files: { "main.py": agentMain }, call: `'{"name": "Ada"}'` },
  fastapi: {
    files: { "main.py": fastapiMain, "requirements.txt": fastapiRequirements },
    call: `'{"name": "Ada"}' --path /greet`,
  },
  langgraph: {
    files: { "main.py": langgraphMain, "requirements.txt": langgraphRequirements },
    call: `'{"question": "What is new?"}'`,
  },
  mcp: {
    files: { "main.py": mcpMain, "requirements.txt": mcpRequirements },
    call: `'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}' --path /mcp -H 'Accept: application/json, text/event-stream'`,
  },
};
