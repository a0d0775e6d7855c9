/** A kind of object that an agent SDK makes, and that is served as it stands. */
export type AgentSdk = {
  /** For answers. */
  title: string;
  /** A class of the author's that extends or decorates such a one is made for each call. */
  servesClass?: boolean;
  /** It is served before the agents that its file makes: it says how they are called. */
  isWhole?: boolean;
};

type Entry = AgentSdk & {
  /** The first part of the full name, or the first two of Google's. */
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
  { title: "CrewAI crew", package: /^crewai$/u, made: anyOf("CrewBase"), servesClass: true },
  { title: "CrewAI flow", package: /^crewai$/u, made: anyOf("Flow"), servesClass: true },
  { title: "CrewAI agent", package: /^crewai$/u, made: anyOf("Agent") },
  {
    title: "smolagents agent",
    package: /^smolagents$/u,
    made: anyOf(String.raw`\w+Agent`, String.raw`\w+Agent\.from_\w+`),
  },
  { title: "Google ADK agent", package: /^google\.adk$/u, made: anyOf(String.raw`\w*Agent`, "Workflow") },
  { title: "Google ADK app", package: /^google\.adk$/u, made: anyOf(String.raw`apps(?:\.app)?\.App`) },
  {
    title: "Strands agent",
    package: /^strands$/u,
    made: anyOf("Agent", "Swarm", String.raw`GraphBuilder(?:\.\w+)*\.build`),
  },
  {
    title: "AgentCore application",
    package: /^bedrock_agentcore$/u,
    made: anyOf("BedrockAgentCoreApp"),
    isWhole: true,
  },
  {
    title: "LlamaIndex workflow",
    package: /^(?:llama_index|workflows)$/u,
    made: anyOf("Workflow"),
    servesClass: true,
  },
  {
    title: "LlamaIndex engine",
    package: /^llama_index$/u,
    made: anyOf(String.raw`as_(?:query|chat)_engine`, String.raw`\w+(?:Query|Chat)Engine(?:\.from_\w+)?`),
  },
  {
    title: "LlamaIndex workflow",
    package: /^(?:llama_index|workflows)$/u,
    made: anyOf(String.raw`\w+Agent(?:\.from_\w+)?`, String.raw`AgentWorkflow(?:\.from_\w+)?`),
  },
  {
    title: "AutoGen agent",
    package: /^autogen_agentchat$/u,
    made: anyOf(String.raw`agents\.\w+Agent`, String.raw`teams\.\w+`),
  },
  { title: "Haystack agent", package: /^haystack\w*$/u, made: anyOf("Agent") },
  {
    title: "Haystack pipeline",
    package: /^haystack\w*$/u,
    made: anyOf(String.raw`\w*Pipeline`, String.raw`\w*Pipeline\.(?:from_\w+|loads?)`),
  },
  { title: "Agno agent", package: /^agno$/u, made: anyOf("Agent", "Team", "Workflow") },
];

/** The SDK whose agent a call of this full name gives: `langgraph.graph.StateGraph.compile`. */
export function sdkMadeBy(path: string): AgentSdk | undefined {
  const owner = ownerOf(path);
  const made = path.slice(owner.length + 1);
  return SDKS.find((entry) => entry.package.test(owner) && entry.made.test(made));
}

/** Whether a module of this name belongs to an agent SDK. */
export function isOfSdk(module: string): boolean {
  return SDKS.some((entry) => entry.package.test(ownerOf(module)));
}

/** The package of a full name. `google` is the beginning of many. */
function ownerOf(path: string): string {
  return /^(?:google\.)?[^.]*/u.exec(path)?.[0] ?? "";
}

function anyOf(...names: readonly string[]): RegExp {
  return new RegExp(`(?:^|\\.)(?:${names.join("|")})${MORE}`, "u");
}
