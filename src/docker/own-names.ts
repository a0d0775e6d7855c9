import { renameArgs } from "./containers/container-args.ts";
import type { DockerExec } from "./exec.ts";

/** What a container's environment has of the name that it was made with: requests tell it apart by that. */
const INSTANCE = "OKEN_INSTANCE=";

/** A container, and the name that the runner gave it. */
export type Named = { id: string; name: string };

/** Has containers keep the names that the runner gave them: commands and requests find them by these. */
export type OwnNames = {
  /** Somebody has renamed one. */
  renamed(container: Named & { oldName: string }): Promise<void>;
  /** One was listed, which may have been renamed while nobody looked. Gives the name that it has then. */
  listed(container: Named, environment: readonly string[]): Promise<string>;
};

export function createOwnNames(exec: Pick<DockerExec, "run">): OwnNames {
  /** Of those that were renamed, by id. */
  const own = new Map<string, string>();

  /** False if the name is another's meanwhile, or the container has gone: nothing of it is ours to mend then. */
  const giveBack = ({ id, name }: Named): Promise<boolean> =>
    exec.run(renameArgs(id, name)).then(
      () => true,
      () => false,
    );

  return {
    async renamed({ id, name, oldName }) {
      const before = own.get(id) ?? oldName;
      own.set(id, before);
      // The engine tells of what is done here, too.
      if (name !== before) await giveBack({ id, name: before });
    },
    async listed({ id, name }, environment) {
      const made = environment.find((variable) => variable.startsWith(INSTANCE))?.slice(INSTANCE.length);
      if (made === undefined || made === name) return name;
      own.set(id, made);
      return (await giveBack({ id, name: made })) ? made : name;
    },
  };
}
