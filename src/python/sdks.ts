/** A kind of object that an agent SDK makes, and that is served as it stands. `title` is for answers. */
export type AgentSdk = { title: string };

type Entry = AgentSdk & {
  /** The first part of the full name. */
  package: RegExp;
  /** What follows it. It tells an agent from the SDK's models, tools and messages. */
  made: RegExp;
};

/** Methods that give the same agent with something added. */
const MORE = String.raw`(?:\.(?:with_\w+|bind|assign|pick|add_\w+|set_\w+|clone|copy))*$`;

/** What is no agent by its name may still be one: `src/runtime/_oken/sdks` looks at the object itself. */
const SDKS: readonly Entry[] = [
  {
    title: "LangGraph graph",
    package: /^(?:langgraph\w*|deepagents)$/u,
    made: anyOf(
      String.raw`StateGraph(?:\.\w+)*\.compile`,
      "StateGraph",
      String.raw`create_\w+\.compile`,
      String.raw`create_\w*(?:agent|supervisor|swarm)`,
      String.raw`func\.entrypoint`,
    ),
  },
  {
    title: "LangChain agent",
    package: /^langchain$/u,
    made: anyOf(String.raw`agents\.create_agent`),
  },
  {
    title: "LangChain runnable",
    package: /^langchain\w*$/u,
    made: anyOf(
      "__or__",
      String.raw`create_\w+_(?:agent|chain)`,
      String.raw`\w*Chain(?:\.from_\w+)?`,
      String.raw`AgentExecutor(?:\.from_\w+)?`,
      "initialize_agent",
      String.raw`Runnable\w+`,
      String.raw`runnables\.chain`,
    ),
  },
  {
    title: "pydantic-ai agent",
    package: /^pydantic_ai$/u,
    made: anyOf("Agent", String.raw`\w+Agent`, String.raw`Agent\.from_\w+`),
  },
  { title: "OpenAI agent", package: /^agents$/u, made: anyOf("Agent", "SandboxAgent") },
  { title: "CrewAI crew", package: /^crewai$/u, made: anyOf("Crew") },
  { title: "CrewAI agent", package: /^crewai$/u, made: anyOf("Agent") },
  {
    title: "smolagents agent",
    package: /^smolagents$/u,
    made: anyOf(String.raw`\w+Agent`, String.raw`\w+Agent\.from_\w+`),
  },
];

/** The SDK whose agent a call of this full name gives: `langgraph.graph.StateGraph.compile`. */
export function sdkMadeBy(path: string): AgentSdk | undefined {
  const [owner = "", ...rest] = path.split(".");
  const made = rest.join(".");
  return SDKS.find((entry) => entry.package.test(owner) && entry.made.test(made));
}

/** Whether a module of this name belongs to an agent SDK. */
export function isOfSdk(module: string): boolean {
  const [owner = ""] = module.split(".");
  return SDKS.some((entry) => entry.package.test(owner));
}

function anyOf(...names: readonly string[]): RegExp {
  return new RegExp(`(?:^|\\.)(?:${names.join("|")})${MORE}`, "u");
}
