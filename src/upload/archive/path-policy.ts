import { type ArchiveLimits, MAX_COMPONENT_BYTES } from "./limits.ts";
import { corrupt, tooLarge, unsafe } from "./refusal.ts";

const CONTROL_CHARACTER = /\p{Cc}/u;
/** `C:/x` and `c:../x` are harmless on Linux, but no file of an agent has such a name (CVE-2026-29786). */
const WINDOWS_DRIVE = /^[A-Za-z]:/;
/** In image layers, names with this prefix delete files of the layers below. */
const WHITEOUT = ".wh.";

/**
 * The components of an entry's name, without `./` and doubled slashes. The root has none. A name that leaves the tree is
 * refused, never repaired.
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

/** The flaw in the text of a path or of a link's target. Undefined when there is none. */
export function flawOf(name: string): string | undefined {
  if (name.startsWith("/")) return "is absolute";
  if (name.includes("\\")) return "holds a backslash";
  if (CONTROL_CHARACTER.test(name)) return "holds a control character";
  // U+FFFD stands for bytes that are not UTF-8.
  if (name.includes("\ufffd")) return "is not valid UTF-8";
  return undefined;
}

function assertSize(name: string, components: string[], limits: ArchiveLimits): void {
  if (components.length > limits.path.maxDepth) {
    const message = `a path in the archive is ${components.length} levels deep; at most ${limits.path.maxDepth} are allowed`;
    throw tooLarge("depth", limits.path.maxDepth, { message, entry: name });
  }
  if (components.some((component) => Buffer.byteLength(component) > MAX_COMPONENT_BYTES)) {
    const message = `a file name in the archive is longer than ${MAX_COMPONENT_BYTES} bytes`;
    throw tooLarge("path", MAX_COMPONENT_BYTES, { message, entry: name });
  }
  if (Buffer.byteLength(components.join("/")) > limits.path.maxBytes) {
    const message = `a path in the archive is longer than ${limits.path.maxBytes} bytes`;
    throw tooLarge("path", limits.path.maxBytes, { message, entry: name });
  }
}
