/** Of what some commands are about. */
const NOUNS = new Set([
  ...["config", "container", "image", "network", "node"],
  ...["secret", "service", "stack", "system", "volume"],
]);

const LOOKS = new Set(["df", "images", "info", "inspect", "ls", "ps", "version"]);

/** Whether a docker command changes nothing, and may be given again when nobody knows what it said. */
export function isLook([first = "", second = ""]: string[]): boolean {
  return LOOKS.has(NOUNS.has(first) ? second : first);
}
