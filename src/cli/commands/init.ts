import { mkdir, writeFile } from "node:fs/promises";
import { basename, join, relative, resolve } from "node:path";

import { Option } from "@commander-js/extra-typings";

import { newCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { TEMPLATE_MEANINGS, TEMPLATE_NAMES } from "../templates/names.ts";

export function init(context: Context) {
  return newCommand("init", {
    group: "author",
    summary: "write the files of a new agent",
    description: `Writes oken.toml and the code of a new agent into a directory; nothing is overwritten. Templates:\n${templateList()}`,
    examples: [
      ["init hello", "a function, in the directory hello"],
      ["init shop --template fastapi", "a web application"],
    ],
  })
    .argument("[dir]", "directory, which need not exist", ".")
    .addOption(
      new Option("-t, --template <name>", "what to begin with")
        .choices(TEMPLATE_NAMES)
        .default("handler" as const),
    )
    .option("--name <name>", "its name; by default the directory's")
    .action(async (dir, { template, name }) => {
      const { TEMPLATES } = await import("../templates/templates.ts");
      const { idFrom } = await import("../project.ts");
      const directory = resolve(context.directory, dir);
      const title = name ?? basename(directory);
      const id = idFrom(title);
      if (id === "")
        throw usageFailure(`${JSON.stringify(title)} has no letter or digit for an id.`, "Give a --name.");
      const { files, call } = TEMPLATES[template];
      const written = {
        "oken.toml": `name = ${JSON.stringify(title)}\nslug = ${JSON.stringify(id)}\n`,
        ...files,
        ".gitignore": "__pycache__/\n.venv/\n.env\n",
      };
      await writeNew(directory, written);
      const shown = relative(context.directory, directory) || ".";
      const { err } = context;
      for (const file of Object.keys(written))
        err.line(`${err.paint("green", "Wrote")} ${join(shown, file)}`);
      const named = shown === "." ? "" : ` ${Bun.$.escape(shown)}`;
      err.line(`${err.paint("dim", "Next:")} oken-runner deploy${named}`);
      err.line(`${err.paint("dim", "Then:")} oken-runner invoke ${id} ${call}`);
    });
}

function templateList(): string {
  const width = Math.max(...TEMPLATE_NAMES.map((name) => name.length));
  return TEMPLATE_NAMES.map((name) => `  ${name.padEnd(width)}  ${TEMPLATE_MEANINGS[name]}`).join("\n");
}

/** All or nothing: where one of the files exists, none is written. */
async function writeNew(directory: string, files: Record<string, string>): Promise<void> {
  for (const file of Object.keys(files)) {
    if (file === ".gitignore" || !(await Bun.file(join(directory, file)).exists())) continue;
    throw usageFailure(`${join(directory, file)} exists already.`, "Name another directory.");
  }
  await mkdir(directory, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    await writeFile(join(directory, file), text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      // A repository's own says more.
      if (error.code !== "EEXIST" || file !== ".gitignore") throw error;
    });
  }
}
