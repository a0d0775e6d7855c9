import { allDone } from "../../lib/all-done.ts";
import { isNoSuchObject } from "../errors.ts";
import type { DockerExec } from "../exec.ts";
import { linesOf } from "../lines.ts";
import type { ContainerSpec } from "../workload.ts";
import * as args from "./service-args.ts";

const KINDS = ["secret", "config"] as const;

type Names = Record<(typeof KINDS)[number], string[]>;

/** The secrets and configs of services, each of one service and under a name that follows from its. */
export type ServiceFiles = {
  /** Makes those of a service, which `work` makes then. */
  during<T>(spec: ContainerSpec, work: () => Promise<T>): Promise<T>;
  /** None of a service that is not there. */
  of(service: string): Promise<Names>;
  /** Those that are not there are no error. One that a service has stays. */
  remove(names: Names): Promise<void>;
  /** Those that a start may have left which was cut off before there was a service. */
  leftBy(spec: ContainerSpec): Names;
  /** Removes those that a crash has left without a service. */
  sweep(): Promise<void>;
};

export function createServiceFiles(exec: Pick<DockerExec, "run">, runnerId: string): ServiceFiles {
  const underWay = new Set<string>();
  const list = async (argv: string[]) => linesOf(await exec.run(argv));

  async function remove(names: Names): Promise<void> {
    const some = KINDS.filter((kind) => names[kind].length > 0);
    await allDone(some.map((kind) => exec.run(args.removeFilesArgs(kind, names[kind])).catch(textIfMissing)));
  }

  return {
    remove,
    async during(spec, work) {
      underWay.add(spec.name);
      try {
        const owner = { service: spec.name, runnerId };
        await allDone(args.filesOf(spec).map((file) => exec.run(args.createFileArgs(file, owner))));
        return await work();
      } finally {
        underWay.delete(spec.name);
      }
    },
    async of(service) {
      const text = await exec.run(args.serviceFilesArgs(service)).catch(textIfMissing);
      const [secret = [], config = []] = text
        .split("\n")
        .map((line) => line.split(" ").filter((name) => name !== ""));
      return { secret, config };
    },
    leftBy(spec) {
      const files = args.filesOf(spec);
      const named = (isSecret: boolean) =>
        files.filter((file) => file.isSecret === isSecret).map(({ name }) => name);
      return { secret: named(true), config: named(false) };
    },
    async sweep() {
      const [secret, config] = await allDone([
        list(args.listFilesArgs("secret", runnerId)),
        list(args.listFilesArgs("config", runnerId)),
      ]);
      if (secret.length + config.length === 0) return;
      // After the files: what is made meanwhile is in both lists, or in none.
      const services = new Set(await list(args.listServiceNamesArgs(runnerId)));
      const isLeft = (file: string) => {
        const service = args.serviceOfFile(file);
        return !services.has(service) && !underWay.has(service);
      };
      await remove({ secret: secret.filter(isLeft), config: config.filter(isLeft) });
    },
  };
}

function textIfMissing(error: unknown): string {
  if (!isNoSuchObject(error)) throw error;
  return "";
}
