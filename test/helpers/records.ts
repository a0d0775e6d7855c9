import { type Agent, createAgent } from "../../src/agents/agent.ts";
import { type Instance } from "../../src/instance/instance.ts";
import type { AgentState, VersionRecord } from "../../src/model/agent.ts";

/** A version of an agent that does nothing much. */
export function versionRecord(version: number): VersionRecord {
  return {
    schema: 1,
    version,
    created_at: "2026-01-01T00:00:00.000Z",
    spec_digest: `spec-${version}`,
    tree_digest: `tree-${version}`,
    image: `oken/echo:v${version}`,
    image_id: `sha256:${version}`,
    dependency_style: "none",
    warnings: [],
    manifest: {
      name: "Echo",
      pythonVersion: "3.12",
      entrypointFile: "main.py",
      entrypointAttr: undefined,
      entrypointType: undefined,
      warmTimeout: 300,
      concurrency: 2,
      timeout: 300,
      memory: 1,
      cpus: 1,
      port: 8080,
      healthPath: "/health",
    },
    entrypoint: {
      type: "handler",
      file: "main.py",
      module: "main",
      root: "",
      attr: "handler",
      factory: false,
      mode: "object",
      serve: "auto",
      command: undefined,
      env: {},
      listens: undefined,
      reason: "",
    },
  };
}

/** An instance that nobody is inside of, at `origin`; it exists in this process alone. */
export function instanceOf(version = versionRecord(1), origin = ""): Instance {
  return {
    version,
    container: { id: "", name: "", address: "" },
    origin,
    inFlight: 0,
    lastUsed: 0,
    onEmpty: undefined,
    onCutOff: new Set(),
  };
}

/** The agent `echo` in `state`, with an instance if that is `running`. */
export function agentIn(state: AgentState, instance = instanceOf()): Agent {
  const { version } = instance;
  const agent = createAgent({
    record: {
      schema: 1,
      agent_id: "echo",
      created_at: version.created_at,
      desired: "running",
      current_version: version.version,
      versions: [version.version],
    },
    versions: [version],
    state,
  });
  if (state === "running") agent.instance = instance;
  return agent;
}
