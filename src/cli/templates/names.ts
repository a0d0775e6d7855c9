/** What `init` can begin with. */
export const TEMPLATE_NAMES = ["handler", "agent", "fastapi", "langgraph", "mcp"] as const;

export type TemplateName = (typeof TEMPLATE_NAMES)[number];

export const TEMPLATE_MEANINGS: Record<TemplateName, string> = {
  handler: "a function that takes an input and returns an answer",
  agent: "a class with a set-up, whose objects live between calls",
  fastapi: "a web application with FastAPI",
  langgraph: "a graph of steps with LangGraph",
  mcp: "a server of tools for the Model Context Protocol",
};
