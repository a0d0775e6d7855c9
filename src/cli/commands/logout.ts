import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { Failure } from "../failure.ts";

export function logout({ environment, err }: Context) {
  return newCommand("logout", {
    group: "self",
    summary: "forget a runner that login keeps",
    examples: [["logout prod", "forget its address and its token"]],
  })
    .argument("<name>", "name of the runner")
    .action(async (name) => {
      const { readHosts, writeHosts } = await import("../hosts/file.ts");
      const { default: usual, hosts } = await readHosts(environment);
      const { [name]: found, ...rest } = hosts;
      if (found === undefined)
        throw new Failure(`login keeps no ${name}.`, {
          exitCode: EXIT.missing,
          hint: "See oken-runner hosts.",
        });
      await writeHosts(environment, {
        ...(usual !== undefined && usual !== name && { default: usual }),
        hosts: rest,
      });
      err.line(`Forgotten: ${name}`);
    });
}
