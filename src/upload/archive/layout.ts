import type { ArchiveLimits } from "./limits.ts";
import { flawOf } from "./path-policy.ts";
import { tooLarge, unsafe } from "./refusal.ts";

export type Kind = "file" | "directory" | "link";

/** The entries so far, by path. Paths are relative and as the archive spells them. */
export type Layout = {
  /**
   * Adds an entry. Returns the directories that must be made for it, outermost first: those above it, and itself if it is
   * a directory.
   */
  claim(components: string[], kind: Kind): string[];
  kindOf(path: string): Kind | undefined;
  readonly limits: ArchiveLimits;
  /** The directory that holds the whole archive and has `oken.toml` in it. `""` if there is none. */
  wrapper(): string;
};

const MANIFEST = "oken.toml";
const LINK_HINT = "leave .venv, node_modules and the like out of the tarball";

/**
 * Refuses two entries of one name: the same file twice, a file and a directory, or two spellings that a file system can
 * take for one (NFC and NFD, CVE-2021-37712).
 */
export function createLayout(limits: ArchiveLimits): Layout {
  const nodes = new Map<string, { kind: Kind; path: string }>();
  const topLevel = new Set<string>();
  let implied = 0;

  function enter(path: string, kind: Kind, entry: string): boolean {
    const key = path.normalize("NFC");
    const known = nodes.get(key);
    if (known === undefined) {
      nodes.set(key, { kind, path });
      return true;
    }
    if (known.path !== path) {
      throw unsafe("conflict", "two names in the archive differ only in their Unicode form", entry);
    }
    if (known.kind !== kind) {
      const message = `the archive has a ${known.kind} and a ${kind} of the same name`;
      throw unsafe("conflict", message, entry);
    }
    if (kind !== "directory") throw unsafe("duplicate", `the archive has the same ${kind} twice`, entry);
    return false;
  }

  return {
    limits,
    claim(components, kind) {
      const entry = components.join("/");
      const made: string[] = [];
      topLevel.add(components[0] ?? "");
      for (let depth = 1; depth < components.length; depth += 1) {
        const parent = components.slice(0, depth).join("/");
        if (!enter(parent, "directory", entry)) continue;
        made.push(parent);
        implied += 1;
        if (implied > limits.maxEntries) {
          const message = `the archive implies more than ${limits.maxEntries} directories`;
          throw tooLarge("entries", limits.maxEntries, { message, entry });
        }
      }
      if (enter(entry, kind, entry) && kind === "directory") made.push(entry);
      return made;
    },
    kindOf: (path) => {
      const node = nodes.get(path.normalize("NFC"));
      return node?.path === path ? node.kind : undefined;
    },
    wrapper() {
      const [only, ...others] = topLevel;
      if (only === undefined || others.length > 0) return "";
      return nodes.get(only.normalize("NFC"))?.kind === "directory" &&
        nodes.has(`${only.normalize("NFC")}/${MANIFEST}`)
        ? only
        : "";
    },
  };
}

/**
 * Refuses a symbolic link that leaves `root`, or that passes through another link. `root` is the wrapping directory or `""`.
 * Both paths are relative to the archive.
 */
export function assertLinkStays(link: { path: string; target: string }, layout: Layout, root: string): void {
  const { path, target } = link;
  assertTarget(link, layout);

  // One step at a time, since normalising would drop `link/..`, where the kernel follows the link.
  const at = path.split("/").slice(0, -1);
  const floor = root === "" ? 0 : 1;
  for (const step of target.split("/")) {
    if (step === "" || step === ".") continue;
    if (step !== "..") at.push(step);
    else if (at.length > floor) at.pop();
    else throw forbidden(path, "leaves the tree");
    if (layout.kindOf(at.join("/")) === "link") throw forbidden(path, "passes through another link");
  }
}

/** The earlier file of the archive that a hard link names. Any other target is refused. */
export function hardLinkTarget(link: { path: string; target: string }, layout: Layout): string {
  const { path, target } = link;
  assertTarget(link, layout);
  const existing = target
    .split("/")
    .filter((step) => step !== "" && step !== ".")
    .join("/");
  // A path with ".." is never in the layout, so it is refused too.
  if (layout.kindOf(existing) === "file") return existing;
  throw forbidden(path, "is a hard link to something that is not an earlier file of the archive");
}

function assertTarget({ path, target }: { path: string; target: string }, { limits }: Layout): void {
  const isLong = Buffer.byteLength(target) > limits.path.maxBytes;
  const flaw = isLong ? `has more than ${limits.path.maxBytes} bytes` : flawOf(target);
  if (flaw !== undefined) throw forbidden(path, `has a target that ${flaw}`);
  if (target === "") throw forbidden(path, "has an empty target");
}

function forbidden(path: string, why: string) {
  return unsafe("link_forbidden", `a link in the archive ${why}; ${LINK_HINT}`, path);
}
