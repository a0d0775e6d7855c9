import { distance } from "fastest-levenshtein";

const MAX_DISTANCE = 3;
const MAX_COMPARED_CHARS = 40;

/** The known name that `name` was probably meant to be. Undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const limit = Math.min(MAX_DISTANCE, Math.ceil(name.length / 3));
  let best: { name: string; edits: number } | undefined;
  for (const candidate of known) {
    const edits = distance(plain(name), plain(candidate));
    if (edits <= limit && edits < (best?.edits ?? Infinity)) best = { name: candidate, edits };
  }
  return best?.name;
}

/** Letters only, so that `warmTimeout` and `warm-timeout` are as near to `warm_timeout` as can be. */
function plain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[-_\s]/g, "")
    .slice(0, MAX_COMPARED_CHARS);
}
