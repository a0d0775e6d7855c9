import type { ServiceFile } from "../../host/service.ts";
import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";

const DONE: Record<ServiceFile["action"], string> = {
  write: "written",
  replace: "replaced",
  keep: "kept as it is",
  same: "is the same already",
};

export function installService(context: Context) {
  return newCommand("install-service", {
    group: "host",
    summary: "write the files of a systemd service; only says which, without --yes",
    description:
      "Writes this program to /usr/local/bin, a hardened unit and a socket of systemd, and settings in /etc/oken-runner that are kept if they are there. Without --yes it says what it would do.",
    examples: [
      ["install-service", "see what would be written"],
      ["install-service --yes", "write it, as root"],
    ],
  })
    .option("--yes", "write the files")
    .option("--root <directory>", "write below this directory, as for a package", "/")
    .action(async ({ yes, root }) => {
      const { planService } = await import("../../host/service.ts");
      const files = await planService({ root, program: context.program });
      for (const { path, action, write } of files) {
        if (yes === true && (action === "write" || action === "replace")) await write();
        context.out.line(`${(yes === true ? DONE[action] : action).padEnd(20)} ${path}`);
      }
      const again = root === "/" ? "" : ` --root ${root}`;
      context.err.line(
        yes === true ? NEXT : `Nothing was written. Do it with: oken-runner install-service${again} --yes`,
      );
    });
}

const NEXT = `Next, start it now and with the host:
  systemctl daemon-reload
  systemctl enable --now oken-runner
  oken-runner doctor --config /etc/oken-runner/config.toml`;
