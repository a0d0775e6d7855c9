import { createEvaluator } from "../python/evaluate.ts";
import type { Call } from "../python/facts.ts";
import { COMMON_ROOTS, locateAbsolute } from "../python/modules.ts";
import { type Loader, loadProject, readEntryModule } from "../python/project.ts";
import { inside } from "../python/value.ts";
import type { Redirect, Subject } from "./choice.ts";

const SETTING = "DJANGO_SETTINGS_MODULE";

/**
 * `manage.py` names the settings, and the settings name the application: `WSGI_APPLICATION` or
 * `ASGI_APPLICATION`, else `wsgi.py` or `asgi.py` beside them, where `startproject` puts them.
 */
export async function chooseDjango(loader: Loader, subject: Subject): Promise<Redirect | undefined> {
  if (subject.module.file.split("/").at(-1) !== "manage.py") return undefined;
  const settings = settingsModule(subject);
  if (settings === undefined) return undefined;
  const roots = [subject.place.root, ...COMMON_ROOTS];
  const located = locateAbsolute(settings, roots, loader.inventory);
  if (located === undefined || !("file" in located)) return undefined;
  const because = `${settings}, the settings of ${subject.module.file}`;
  const application = await namedApplication(loader, located.file);
  if (application !== undefined) return { ...application, factory: false, because };
  const parent = settings.split(".").slice(0, -1);
  for (const name of ["asgi", "wsgi"]) {
    const beside = locateAbsolute([...parent, name].join("."), roots, loader.inventory);
    if (beside !== undefined && "file" in beside) {
      return { redirect: beside.file, attr: "application", factory: false, because };
    }
  }
  return undefined;
}

async function namedApplication(
  loader: Loader,
  file: string,
): Promise<{ redirect: string; attr: string } | undefined> {
  const outcome = await readEntryModule(loader, file);
  if (outcome.kind !== "read") return undefined;
  const project = await loadProject(loader, file, outcome.facts);
  const evaluator = createEvaluator(project);
  for (const setting of ["ASGI_APPLICATION", "WSGI_APPLICATION"]) {
    const value = evaluator.name({ file, facts: outcome.facts }, setting);
    const path = value.kind === "text" ? value.text.split(".") : [];
    const attr = path.pop();
    if (attr !== undefined && path.length > 0) return { redirect: path.join("."), attr };
  }
  return undefined;
}

/** `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")`, wherever the file says it. */
function settingsModule({ evaluator, module }: Subject): string | undefined {
  const { top, main } = module.facts;
  const bodies = top.bindings.flatMap(({ value }) =>
    value.kind === "function" ? [value.function.body] : [],
  );
  for (const scope of [top, ...(main === undefined ? [] : [main]), ...bodies]) {
    for (const { call } of scope.calls) {
      const value = isSetting(call) ? call.args[1] : undefined;
      const read = value === undefined ? undefined : evaluator.expression(value, inside(module, scope));
      if (read?.kind === "text") return read.text;
    }
  }
  return undefined;
}

function isSetting({ args }: Call): boolean {
  return args[0]?.kind === "string" && args[0].value === SETTING;
}
