import type { BuildEvent } from "../docker/types.ts";

/** What each stage of the Dockerfile does, for people; the first that fits. */
const LABELS: [pattern: RegExp, label: string][] = [
  [/^\[uvbin[^\]]*\] FROM (\S+)/, "get $1"],
  [/^\[\S+[^\]]*\] FROM (\S+)/, "get $1"],
  [/^\[base[^\]]*\] WORKDIR/, "prepare the Python base"],
  [/^\[base[^\]]*\]/, "compile the standard library"],
  [/^\[runtime[^\]]*\]/, "add the runtime"],
  [/^\[resolve[^\]]*\]/, "resolve the dependencies"],
  [/^\[lock[^\]]*\]/, "list the dependencies"],
  [/^\[deps[^\]]*\] RUN .*oken-built/, "install what was built from source"],
  [/^\[deps[^\]]*\] RUN .*compileall/, "compile the dependencies"],
  [/^\[deps[^\]]*\]/, "install the dependencies"],
  [/^\[final[^\]]*\] COPY .*--from=deps/, "add the dependencies"],
  [/^\[final[^\]]*\] COPY .*--from=oken-site/, "make the upload's projects known"],
  [/^\[final[^\]]*\]/, "add the code"],
  [/^exporting to image/, "write the image"],
];

/** A step in a few words; a step that is not of our Dockerfile keeps BuildKit's, cut to one line. */
export function stepLabel(name: string): string {
  for (const [pattern, label] of LABELS) {
    const match = pattern.exec(name);
    if (match !== null) return label.replace("$1", (match[1] ?? "").replace(/@sha256:.*/, ""));
  }
  return (name.split("\n")[0] ?? name).slice(0, 120);
}

/** The event as it is shown; undefined for one that tells a reader nothing, such as a context being read. */
export function shownEvent(event: BuildEvent): BuildEvent | undefined {
  if (event.type !== "step") return event;
  if (/^\[(context|internal)/.test(event.name) && event.status !== "failed") return undefined;
  return { ...event, name: stepLabel(event.name) };
}
