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
  /** What main.py must still have for that call. */
  needs: string;
};

const GREETING = `'{"name": "Ada"}'`;

export const TEMPLATES: Record<TemplateName, Template> = {
  handler: { files: { "main.py": handlerMain }, call: GREETING, needs: 'input.get("name"' },
  agent: { files: { "main.py": agentMain }, call: GREETING, needs: 'input.get("name"' },
  fastapi: {
    files: { "main.py": fastapiMain, "requirements.txt": fastapiRequirements },
    call: `${GREETING} --path /greet`,
    needs: '.post("/greet")',
  },
  langgraph: {
    files: { "main.py": langgraphMain, "requirements.txt": langgraphRequirements },
    call: `'{"question": "What is new?"}'`,
    needs: "question: str",
  },
  mcp: {
    files: { "main.py": mcpMain, "requirements.txt": mcpRequirements },
    call: `'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}' --path /mcp -H 'Accept: application/json, text/event-stream'`,
    needs: "streamable_http_app(stateless_http=True",
  },
};
