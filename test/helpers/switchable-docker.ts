import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a docker CLI may do instead of its work. */
const BEHAVIOURS = {
  works: "",
  isAway: `echo "Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?" >&2; exit 1`,
  isRefused: `echo "permission denied while trying to connect to the docker API at unix:///x.sock" >&2; exit 1`,
  hangs: "sleep 1000",
  failsLate: "sleep 2; echo no >&2; exit 1",
  printsGarbage: "echo '<html>Welcome to nginx!</html>'; exit 0",
  printsNothing: "exit 0",
  printsWithoutEnd: `yes "$(printf '%1000s' x)"`,
} as const;

/** The programs beside docker that the runner starts. */
const TOOLS = [
  "iptables",
  "iptables-restore",
  "iptables-save",
  "ip6tables",
  "ip6tables-restore",
  "ip6tables-save",
];

export type Behaviour = keyof typeof BEHAVIOURS | "isMissing";

/** A docker CLI, with its buildx plugin, that does as it is told. `path` is for the PATH of a runner, and finds no other. */
export async function switchableDocker() {
  const bin = await mkdtemp(join(tmpdir(), "oken-docker-"));
  const [behaviour, docker, buildx] = ["behaviour", "docker", "docker-buildx"].map((name) => join(bin, name));
  const plugin = await pluginPath();
  const script = (work: string) => `#!/bin/bash\nPATH=/usr/bin:/bin\n. ${behaviour}\n${work}\n`;
  const real = Bun.which("docker") ?? "";
  // It tells the runner of the plugin beside it, which the runner then starts itself.
  const info = `if [[ $1 == info ]]; then ${real} "$@" | sed 's|"Path":"${plugin}"|"Path":"${buildx}"|'; exit; fi`;
  await writeFile(docker ?? "", script(`${info}\nexec ${real} "$@"`), { mode: 0o755 });
  await writeFile(buildx ?? "", script(`exec ${plugin} "$@"`), { mode: 0o755 });
  for (const tool of [...TOOLS, "nft", "ip", "sleep", "cat"]) {
    const found = Bun.which(tool, { PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` });
    if (found !== null) await symlink(found, join(bin, tool));
  }
  let isMissing = false;

  async function become(next: Behaviour): Promise<void> {
    if ((next === "isMissing") !== isMissing) {
      const away = `${docker}.away`;
      await (isMissing ? rename(away, docker ?? "") : rename(docker ?? "", away));
      isMissing = !isMissing;
    }
    if (next === "isMissing") return;
    await writeFile(`${behaviour}.new`, BEHAVIOURS[next]);
    await rename(`${behaviour}.new`, behaviour ?? "");
  }

  await become("works");
  return { path: bin, become, [Symbol.asyncDispose]: () => rm(bin, { recursive: true, force: true }) };
}

async function pluginPath(): Promise<string> {
  const format = '{{range .ClientInfo.Plugins}}{{if eq .Name "buildx"}}{{.Path}}{{end}}{{end}}';
  return (await new Response(Bun.spawn(["docker", "info", "--format", format]).stdout).text()).trim();
}
