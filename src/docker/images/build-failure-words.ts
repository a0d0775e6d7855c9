/**
 * uv's error without its decoration and the conclusion that any failure has. The causes say more than the summary, so
 * both are kept.
 */
export function uvSummary(text: string): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => /^\s*(error:|×|x )/.test(line));
  if (start < 0) return "";
  const account: string[] = [];
  for (const line of lines.slice(start)) {
    if (line.trim() === "" || /^(hint|ERROR|------)/.test(line.trim())) break;
    account.push(line.replace(/^\s*(error:|cause:|×|╰─▶|├─▶|│|x )\s*/, "").trim());
  }
  const told = account.join(" ").replaceAll(/\s+/g, " ");
  return premises(told)
    .replace(/^No solution found when resolving dependencies(?: for split \([^)]{0,300}\))?:? ?(?=.)/, "")
    .replace(
      /,? (?:and )?we can conclude that (?:your|the) [^,]{0,100}requirements are unsatisfiable\.?$/,
      ".",
    );
}

/** Of a proof in several steps what it begins with: what follows from that is known by the failure. */
function premises(proof: string): string {
  return proof
    .replaceAll(/(?<=[\w\])]){[^{}]{1,300}}/g, "")
    .replaceAll(/, we can conclude that .{1,2000}?\. And because /g, ", and ");
}

/** What keeps a source from being fetched, by its host. */
export function sourceTrouble(text: string, address: string): string {
  const host = URL.parse(address)?.host ?? address;
  const status = /HTTP status (?:client|server) error \((\d{3}[^)\n]{0,60})\)/.exec(text)?.[1];
  if (status !== undefined) return `${host} answers ${status}`;
  if (/failed to lookup address|dns error/.test(text))
    return `there is no host ${host}, or it cannot be looked up`;
  if (/Connection refused/.test(text)) return `${host} refuses the connection`;
  if (/invalid peer certificate/.test(text)) return `the certificate of ${host} is not trusted`;
  return `${host} does not answer`;
}

/** The last line of a build backend or the engine that looks like a reason. */
export function lastCause(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(hint:|cause:|-+$|>|\d+ \||error: Failed to|Dockerfile)/i.test(line));
  const reason = lines.findLast((line) => /^(\S*Error|\S*Exception|error|fatal error|fatal)\b:?/i.test(line));
  return (reason ?? lines.at(-1) ?? "").replace(/^ERROR: failed to (build|solve): /, "").slice(0, 400);
}

export function firstLine(text: string, pattern: RegExp): string {
  return (text.split("\n").find((line) => pattern.test(line)) ?? "").trim();
}

export function packageBuilt(text: string): string {
  return projectName(/Failed to (?:download and )?build `([^`]+)`/.exec(text)?.[1]);
}

/** uv names a project of the upload by its directory in the container. */
export function projectName(name: string | undefined): string {
  return name?.replace(/^(?:\S+ @ )?(?:file:\/\/)?\/work\/project\/projects\//, "") ?? "A package";
}
