import { createEvaluator } from "../python/evaluate.ts";
import type { Call } from "../python/facts.ts";
import { COMMON_ROOTS } from "../python/modules.ts";
import { type Loader, loadProject, readEntryModule } from "../python/project.ts";
import { frameOf, scopesOf } from "../python/value.ts";
import type { Redirect, Subject } from "./choice.ts";
import { findModule } from "./target.ts";

const SETTING = "DJANGO_SETTINGS_MODULE";

/**
 * The application of a `manage.py`. It names the settings, and they name the application in `ASGI_APPLICATION` or
 * `WSGI_APPLICATION`. Otherwise it is in `asgi.py` or `wsgi.py` beside the settings, where `startproject` puts it.
 */
export async function chooseDjango(loader: Loader, subject: Subject): Promise<Redirect | undefined> {
  if (subject.module.file.split("/").at(-1) !== "manage.py") return undefined;
  const settings = settingsModule(subject);
  if (settings === undefined) return undefined;
  const roots = [subject.place.root, ...COMMON_ROOTS];
  const found = findModule(settings, roots, loader.inventory);
  if (found === undefined) return undefined;
  const beside = settings.split(".").slice(0, -1);
  const paths = await namedApplications(loader, found.file);
  for (const path of [...paths, [...beside, "asgi", "application"], [...beside, "wsgi", "application"]]) {
    const redirect = findModule(path.slice(0, -1).join("."), roots, loader.inventory);
    if (redirect === undefined) continue;
    const because = `${settings}, the settings of ${subject.module.file}`;
    return { redirect, attr: path.at(-1) ?? "application", factory: false, because };
  }
  return undefined;
}

/** The parts of `WSGI_APPLICATION = "site.wsgi.application"`. */
async function namedApplications(loader: Loader, file: string): Promise<string[][]> {
  const outcome = await readEntryModule(loader, file);
  if (outcome.kind !== "read") return [];
  const { facts } = outcome;
  const evaluator = createEvaluator(await loadProject(loader, file, facts));
  return ["ASGI_APPLICATION", "WSGI_APPLICATION"]
    .map((setting) => evaluator.name({ file, facts }, setting))
    .flatMap((value) => (value.kind === "text" ? [value.text.split(".")] : []));
}

/** What the file sets by `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")`, wherever that is. */
function settingsModule({ evaluator, module }: Subject): string | undefined {
  const bodies = module.facts.top.bindings.flatMap(({ value }) =>
    value.kind === "function" ? [value.function.body] : [],
  );
  for (const scope of [...scopesOf(module), ...bodies]) {
    for (const { call } of scope.calls) {
      const value = isSetting(call) ? call.args[1] : undefined;
      const read = value === undefined ? undefined : evaluator.expression(value, frameOf(module, scope));
      if (read?.kind === "text") return read.text;
    }
  }
  return undefined;
}

function isSetting({ args }: Call): boolean {
  return args[0]?.kind === "string" && args[0].value === SETTING;
}
