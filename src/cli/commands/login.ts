import { newCommand } from "../command.ts";
import { addressOf } from "../connect.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";

export function login(context: Context) {
  return newCommand("login", {
    group: "self",
    summary: "keep a runner's address and token under a name",
    description: `Asks for the token of a runner, tries it, and keeps both under a name: --url NAME then stands for them. The first one kept is the one that commands use when nothing else is said; --default makes it another.

The file is readable by you alone: $XDG_CONFIG_HOME/oken/hosts.toml, by default ~/.config/oken/hosts.toml.`,
    examples: [
      ["login https://agents.example:8000 --name prod", "asks for the token"],
      ["login https://agents.example < token.txt", "from a file, in a script"],
      ["ps --url prod", "what it is good for"],
    ],
  })
    .argument("<url>", "address of the runner")
    .option("--name <name>", "name to keep it under; by default the host's")
    .option("--default", "use it when nothing else is said")
    .action(async (url, options) => {
      const { createClient } = await import("../../client/client.ts");
      const { hostsPath, readHosts, writeHosts } = await import("../hosts/file.ts");
      const { environment, err, input } = context;
      const address = addressOf(url);
      const name = options.name ?? nameOf(address.url, address.unix);
      if (!/^[\w-]+$/.test(name))
        throw usageFailure(
          `${JSON.stringify(name)} is no name of a host: letters, digits, - and _.`,
          "Give one with --name.",
        );
      if (address.url.startsWith("http:") && address.unix === undefined && !isLoopback(address.url))
        err.line(`${err.paint("yellow", "Note")}: without https the token can be read on its way.`);
      const known = await readHosts(environment);
      const token = (
        input.isTerminal ? await input.secret(`Token of ${address.shown}`) : await input.text()
      ).trim();
      await createClient({ address, token: token === "" ? undefined : token }).json("/agents");
      const usual = options.default ? name : (known.default ?? name);
      const host = { url: address.shown, ...(token !== "" && { token }) };
      await writeHosts(environment, { default: usual, hosts: { ...known.hosts, [name]: host } });
      err.line(`${err.paint("green", "Kept")} as ${name} in ${hostsPath(environment)}`);
      err.line(`${err.paint("dim", "Next:")} oken-runner ps${usual === name ? "" : ` --url ${name}`}`);
    });
}

/** Dots and colons would make it an address. */
function nameOf(url: string, unix: string | undefined): string {
  return unix === undefined
    ? new URL(url).hostname.replaceAll(/[^\w-]+/g, "-").replaceAll(/^-+|-+$/g, "")
    : "local";
}

function isLoopback(url: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}
