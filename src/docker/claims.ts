import type { DockerExec } from "./exec.ts";
import { undefinedIfNoSuchObject } from "./errors.ts";
import { LABEL, MANAGED, claimLabels, labelArgs } from "./labels.ts";
import { linesOf } from "./lines.ts";
import type { Claim, Engine, ListedClaim } from "./types.ts";

/** Deadline of a look at the claims, milliseconds. A start waits for it. */
const TIMEOUT_MS = 10_000;

type Claims = Pick<Engine, "claims" | "claim" | "releaseClaim" | "agentsOfAll">;

/**
 * A claim is a volume without content: its name is unique in the engine, it needs no image, and outlives the engine's
 * restarts. To create one that exists changes nothing, so that its labels tell who was first.
 */
export function createClaims(exec: DockerExec): Claims {
  const lines = async (argv: string[]) => linesOf(await exec.run(argv, { timeoutMs: TIMEOUT_MS }));
  return {
    claims: async () => (await lines(claimListArgs())).flatMap((line) => parseClaim(line) ?? []),
    claim: async (claim) => void (await exec.run(claimArgs(claim), { timeoutMs: TIMEOUT_MS })),
    async releaseClaim(claim) {
      await exec.run(["volume", "rm", "--", claimName(claim)]).catch(undefinedIfNoSuchObject);
    },
    async agentsOfAll() {
      return (await lines(agentListArgs())).map((line) => {
        const [runnerId = "", agentId = ""] = line.split("\t");
        return { runnerId, agentId };
      });
    },
  };
}

export function claimArgs(claim: Claim): string[] {
  return [...["volume", "create"], ...labelArgs(claimLabels(claim)), "--", claimName(claim)];
}

export function claimListArgs(): string[] {
  return [
    ...["volume", "ls"],
    ...["--filter", `label=${LABEL.claim}`],
    ...["--format", `{{.Label "${LABEL.runner}"}}\t{{.Name}}\t{{.Label "${LABEL.claim}"}}`],
  ];
}

export function agentListArgs(): string[] {
  return [
    ...["ps", "--all"],
    ...Object.entries(MANAGED).flatMap(([name, value]) => ["--filter", `label=${name}=${value}`]),
    ...["--filter", `label=${LABEL.agent}`],
    ...["--format", `{{.Label "${LABEL.runner}"}}\t{{.Label "${LABEL.agent}"}}`],
  ];
}

/** The name of its volume. */
function claimName({ runnerId, generation }: Pick<Claim, "runnerId" | "generation">): string {
  return `oken-runner-${runnerId}-${generation}`;
}

function parseClaim(line: string): ListedClaim | undefined {
  const [runnerId = "", name = "", ...label] = line.split("\t");
  const generation = Number(/-(\d+)$/.exec(name)?.[1]);
  if (runnerId === "" || !Number.isSafeInteger(generation)) return undefined;
  return { name, runnerId, generation, holder: label.join("\t") };
}
