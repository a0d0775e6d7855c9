import type { AgentDetail } from "../../model/api-agents.ts";
import { ago, until } from "./ago.ts";
import { size } from "./amounts.ts";
import type { Output } from "./output.ts";
import { plainLine, plainText } from "./safe-line.ts";
import { stateText } from "./state.ts";
import { table } from "./table.ts";

/** All that a person wants to know of an agent, a part a paragraph. */
export function agentText(out: Output, runner: string, agent: AgentDetail): string {
  const parts = [heading(out, agent), facts(out, runner, agent), versions(out, agent), instances(out, agent)];
  return [...parts, lastError(out, agent)].filter((part) => part !== "").join("\n");
}

function heading(out: Output, { agent_id, name, status, version }: AgentDetail): string {
  const title = name === agent_id ? "" : ` (${plainLine(name)})`;
  return `${out.paint("bold", agent_id)}${title}: ${stateText(out, status)}, version ${version}\n`;
}

function facts(out: Output, runner: string, agent: AgentDetail): string {
  const { config, entrypoint, queued } = agent;
  const rows = {
    address: `${runner}${agent.endpoint}`,
    serves: plainLine(entrypoint.reason),
    python: config.python_version,
    limits: `${size(config.memory)} memory, ${config.cpus} CPU, ${config.concurrency} at a time, ${config.timeout} s a call`,
    invoked: `${agent.last_invoked === null ? "never" : ago(agent.last_invoked)}; ${sleepOf(config)}`,
    ...(agent.volumes.length > 0 && { volumes: agent.volumes.map(volumeText).join(", ") }),
    ...(queued > 0 && { queue: `${queued} wait for their turn` }),
    ...(agent.next_start_at && { start: `tried again ${until(agent.next_start_at)}` }),
  };
  return Object.entries(rows)
    .map(([name, value]) => `${out.paint("dim", name.padEnd(8))} ${value}\n`)
    .join("");
}

function sleepOf({ keep_warm, pause_after, warm_timeout }: AgentDetail["config"]): string {
  if (keep_warm) return "kept warm";
  const sleep = warm_timeout === 0 ? "never sleeps" : `sleeps after ${warm_timeout} s`;
  return pause_after > 0 ? `paused after ${pause_after} s, ${sleep}` : sleep;
}

function volumeText({ path, used_bytes, size_bytes, current }: AgentDetail["volumes"][number]): string {
  const used = used_bytes === null ? "" : `${size(used_bytes)} of `;
  const notes = [
    ...(size_bytes === null ? [] : [`${used}${size(size_bytes)}`]),
    ...(current ? [] : ["of another version"]),
  ];
  const shown = plainLine(path);
  return notes.length === 0 ? shown : `${shown} (${notes.join(", ")})`;
}

function versions(out: Output, agent: AgentDetail): string {
  const rows = agent.versions
    .toSorted((a, b) => b.version - a.version)
    .map(({ version, created_at, current, dependency_style }) => [
      `${version}${current ? " *" : ""}`,
      ago(created_at),
      dependency_style,
    ]);
  return table(out, ["VERSION", "BUILT", "PACKAGES FROM"], rows);
}

function instances(out: Output, agent: AgentDetail): string {
  const hasNodes = agent.instances.some(({ node }) => node !== null);
  const nodeOf = (node: string | null) => (hasNodes ? [node ?? "-"] : []);
  const rows = agent.instances.map(({ container, node, version, state, in_flight, resources }) => [
    container,
    ...nodeOf(node),
    String(version),
    state,
    String(in_flight),
    resources === null ? "-" : size(resources.memory_bytes),
    resources === null ? "-" : `${resources.cpu_percent} %`,
  ]);
  const { starting } = agent;
  for (const { container, version } of starting)
    rows.push([container, ...nodeOf(null), String(version), "starting", "-", "-", "-"]);
  return rows.length === 0
    ? ""
    : table(
        out,
        ["CONTAINER", ...(hasNodes ? ["NODE"] : []), "VERSION", "STATE", "CALLS", "MEMORY", "CPU"],
        rows,
      );
}

function lastError(out: Output, { last_error }: AgentDetail): string {
  if (last_error === null) return "";
  const log = last_error.log
    .trimEnd()
    .split("\n")
    .map((line) => `  ${plainLine(line)}\n`);
  const title = `${out.paint("red", "Last error")}, ${ago(last_error.at)}: ${plainText(last_error.message)}\n`;
  return [title, ...(last_error.log.trim() === "" ? [] : log)].join("");
}
