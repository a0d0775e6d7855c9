import { readFile } from "node:fs/promises";

import { Type } from "@sinclair/typebox";

import { parseJson } from "../../lib/json.ts";
import type { NodeReport } from "../../model/node-report.ts";
import type { DockerExec } from "../exec.ts";
import { readJson } from "../read-json.ts";

/** Where the engine has its settings, unless it was told another place. */
const DAEMON_FILE = "/etc/docker/daemon.json";

const INFO_ARGS = [
  "info",
  "--format",
  `{"swarm":{{json .Swarm}},"security":{{json .SecurityOptions}},"liveRestore":{{json .LiveRestoreEnabled}}}`,
];

const Info = Type.Object({
  swarm: Type.Object({
    LocalNodeState: Type.String(),
    NodeAddr: Type.String(),
    ControlAvailable: Type.Boolean(),
    Managers: Type.Optional(Type.Integer()),
    RemoteManagers: Type.Union([Type.Array(Type.Object({ Addr: Type.String() })), Type.Null()]),
    Cluster: Type.Optional(
      Type.Object({
        Spec: Type.Object({
          Dispatcher: Type.Object({ HeartbeatPeriod: Type.Optional(Type.Integer()) }),
        }),
      }),
    ),
  }),
  security: Type.Union([Type.Array(Type.String()), Type.Null()]),
  liveRestore: Type.Boolean(),
});

const BRIDGE_ARGS = ["network", "inspect", "--format", "{{json .Options}}", "--", "bridge"];
const BridgeOptions = Type.Record(Type.String(), Type.String());

const NANOSECONDS = 1e6;

/** Rejects when the engine does not answer. */
export async function readNodeReport(exec: Pick<DockerExec, "run">): Promise<NodeReport> {
  const [info, bridge, daemon] = await Promise.all([
    exec.run(INFO_ARGS),
    exec.run(BRIDGE_ARGS),
    readFile(DAEMON_FILE, "utf8").catch(() => undefined),
  ]);
  return nodeReportOf({ info, bridge, daemon });
}

/** From what the two commands print, and the text of the engine's settings, if that could be read. */
export function nodeReportOf(told: { info: string; bridge: string; daemon: string | undefined }): NodeReport {
  const { swarm, security, liveRestore } = readJson(Info, { args: INFO_ARGS, output: told.info });
  const options = readJson(BridgeOptions, { args: BRIDGE_ARGS, output: told.bridge });
  const heartbeat = swarm.Cluster?.Spec.Dispatcher.HeartbeatPeriod;
  return {
    swarm: swarm.LocalNodeState,
    address: swarm.NodeAddr,
    isManager: swarm.ControlAvailable,
    managers: swarm.Managers ?? swarm.RemoteManagers?.length ?? 0,
    heartbeatMs: heartbeat === undefined ? undefined : heartbeat / NANOSECONDS,
    publishesAt: options["com.docker.network.bridge.host_binding_ipv4"] ?? "0.0.0.0",
    icc: options["com.docker.network.bridge.enable_icc"] !== "false",
    noNewPrivileges: (security ?? []).some((option) => option.startsWith("name=no-new-privileges")),
    userlandProxy: told.daemon === undefined ? undefined : userlandProxyOf(told.daemon),
    liveRestore,
  };
}

function userlandProxyOf(daemon: string): boolean {
  const settings = parseJson(daemon);
  const isOff = typeof settings === "object" && settings !== null && "userland-proxy" in settings;
  return !(isOff && settings["userland-proxy"] === false);
}
