import { Type } from "@sinclair/typebox";

import { isAlreadyExists, isNoSuchObject, undefinedIfNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { LABEL, claimLabels, labelArgs } from "../labels.ts";
import { linesOf } from "../lines.ts";
import { readJson } from "../read-json.ts";
import { steadyLook } from "../steady-look.ts";
import type { Claim, Engine, ListedClaim } from "../types.ts";

/** Deadline of a command about claims, milliseconds: shorter than a waiting runner's patience, so that it is tried again. */
const TIMEOUT_MS = 4_000;

/** The service needs the name of an image, which nothing runs. */
const IMAGE = "oken-runner";

/** What `docker service inspect` says of a claim. */
const Inspected = Type.Object({
  Version: Type.Object({ Index: Type.Integer() }),
  Spec: Type.Object({ Name: Type.String(), Labels: Type.Record(Type.String(), Type.String()) }),
});

/**
 * A claim is a service without tasks: of those who create one of a name the managers let one succeed, and each beat gives
 * it a version that it never had.
 */
export function createSwarmClaims(
  exec: DockerExec,
): Pick<Engine, "claims" | "claim" | "beat" | "releaseClaim"> {
  const run = (args: string[]) => exec.run(args, { timeoutMs: TIMEOUT_MS });
  return {
    // A runner that lets go of its agents is no sign that the managers are away.
    claims: () =>
      steadyLook(async () => {
        const ids = linesOf(await run(CLAIM_IDS_ARGS));
        if (ids.length === 0) return [];
        const args = inspectClaimsArgs(ids);
        const lines = linesOf(await run(args));
        return lines.flatMap((output) => parseClaim(readJson(Inspected, { args, output })) ?? []);
      }),
    async claim(claim) {
      await run(createClaimArgs(claim)).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    },
    beat: (claim) =>
      run(beatArgs(claim, crypto.randomUUID())).then(
        () => true,
        (error: unknown) => {
          if (!isNoSuchObject(error)) throw error;
          return false;
        },
      ),
    async releaseClaim(claim) {
      await run(["service", "rm", claimName(claim)]).catch(undefinedIfNoSuchObject);
    },
  };
}

export const CLAIM_IDS_ARGS = ["service", "ls", "--quiet", "--filter", `label=${LABEL.claim}`];

export function inspectClaimsArgs(ids: string[]): string[] {
  return ["service", "inspect", "--format", "{{json .}}", ...ids];
}

export function createClaimArgs(claim: Claim): string[] {
  return [
    ...["service", "create", "--detach", "--quiet", "--no-resolve-image"],
    ...["--name", claimName(claim)],
    ...["--replicas", "0"],
    ...labelArgs(claimLabels(claim)),
    IMAGE,
  ];
}

export function beatArgs(claim: Pick<Claim, "runnerId" | "generation">, beat: string): string[] {
  return [
    ...["service", "update", "--detach", "--quiet"],
    ...["--label-add", `${LABEL.beat}=${beat}`],
    claimName(claim),
  ];
}

/** The name of its service. */
function claimName({ runnerId, generation }: Pick<Claim, "runnerId" | "generation">): string {
  return `oken-runner-${runnerId}-${generation}`;
}

function parseClaim({
  Version,
  Spec: { Name: name, Labels },
}: typeof Inspected.static): ListedClaim | undefined {
  const { [LABEL.runner]: runnerId = "", [LABEL.claim]: holder = "" } = Labels;
  const generation = Number(/-(\d+)$/.exec(name)?.[1]);
  if (runnerId === "" || !Number.isSafeInteger(generation)) return undefined;
  return { name, runnerId, generation, holder, beat: Version.Index };
}
