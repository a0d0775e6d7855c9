import { MAX_COMPONENT_BYTES } from "./limits.ts";
import { corrupt, tooLarge, unsafe } from "./refusal.ts";
import type { ArchiveLimits } from "./limits.ts";

const CONTROL_CHARACTER = /\p{Cc}/u;
/** `C:/x` and the drive-relative `c:../x`: harmless here, but never an agent's file (CVE-2026-29786). */
const WINDOWS_DRIVE = /^[A-Za-z]:/;
/** OCI image layers give these names a meaning: "delete this from the layers below". */
const WHITEOUT = ".wh.";

/**
 * The components of an entry's name below the tree's root, `./` and doubled slashes removed; none for the
 * root itself. Nothing is repaired that could be meant to escape: such a name is refused.
 *
 * @throws RunnerError ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE (path, depth)
 */
export function safeComponents(name: string, limits: ArchiveLimits): string[] {
  if (name === "") throw corrupt("bad_name", "an entry of the archive has no name", name);
  if (name.includes("\0")) throw corrupt("bad_name", "a name in the archive holds a NUL", name);
  const flaw = flawOf(name);
  if (flaw !== undefined) throw unsafe("unsafe_path", `a path in the archive ${flaw}`, name);

  const components = name.split("/").filter((component) => component !== "" && component !== ".");
  if (components.includes("..")) {
    throw unsafe("unsafe_path", 'a path in the archive has a ".." component', name);
  }
  if (WINDOWS_DRIVE.test(components[0] ?? "")) {
    throw unsafe("unsafe_path", "a path in the archive begins with a drive letter", name);
  }
  if (components.some((component) => component.startsWith(WHITEOUT))) {
    throw unsafe(
      "unsafe_path",
      'a path in the archive begins with ".wh.", which image layers read as a deletion',
      name,
    );
  }
  assertSize(name, components, limits);
  return components;
}

/** What is wrong with the text of a path or a link's target, whatever it points to. */
export function flawOf(name: string): string | undefined {
  if (name.startsWith("/")) return "is absolute";
  if (name.includes("\\")) return "holds a backslash";
  if (CONTROL_CHARACTER.test(name)) return "holds a control character";
  // The decoder puts U+FFFD where the bytes are not UTF-8.
  if (name.includes("\ufffd")) return "is not valid UTF-8";
  return undefined;
}

function assertSize(name: string, components: string[], limits: ArchiveLimits): void {
  if (components.length > limits.maxDepth) {
    const message = `a path in the archive is ${components.length} levels deep; at most ${limits.maxDepth} are allowed`;
    throw tooLarge("depth", limits.maxDepth, { message, entry: name });
  }
  if (components.some((component) => Buffer.byteLength(component) > MAX_COMPONENT_BYTES)) {
    const message = `a file name in the archive is longer than ${MAX_COMPONENT_BYTES} bytes`;
    throw tooLarge("path", MAX_COMPONENT_BYTES, { message, entry: name });
  }
  if (Buffer.byteLength(components.join("/")) > limits.maxPathBytes) {
    const message = `a path in the archive is longer than ${limits.maxPathBytes} bytes`;
    throw tooLarge("path", limits.maxPathBytes, { message, entry: name });
  }
}
