/** A family's type, and its samples by name and labels as they stand in the text. */
export type Family = { type: string; help: string; samples: Map<string, number> };

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const NUMBER = /^(?:[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;
/** What a name says it measures in; the others of the conventions are not used here. */
const UNIT = /_(?:seconds|bytes)(?:_total)?$/;

/**
 * Reads Prometheus' text format 0.0.4 as strictly as its specification has it, with HELP and TYPE before every family
 * and `le` as the first label of a bucket, and holds it against the naming conventions that `promtool check metrics`
 * checks. Throws at the first fault.
 */
export function parsePrometheusText(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let name = "";
  let family: Family | undefined;
  const lines = text.split("\n");
  must(lines.pop() === "", "the last line does not end");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (line === "") continue;
    const help = HELP.exec(line);
    if (help !== null) {
      name = help[1] ?? "";
      must(!families.has(name), `${name} comes twice`);
      at += 1;
      const type = TYPE.exec(lines[at] ?? "");
      must(type?.[1] === name, `${name} has no TYPE behind its HELP`);
      family = { type: type?.[2] ?? "", help: help[2] ?? "", samples: new Map() };
      families.set(name, family);
      continue;
    }
    const sample = SAMPLE.exec(line);
    if (sample === null || family === undefined) throw new Error(`not a line of the format: ${line}`);
    const [, sampleName = "", labels = "", value = ""] = sample;
    const suffix = sampleName.slice(name.length);
    const suffixes = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    must(sampleName.startsWith(name) && suffixes.includes(suffix), `${line} stands below ${name}`);
    must(NUMBER.test(value), `not a number: ${line}`);
    const key = `${sampleName}{${labels}}`;
    must(!family.samples.has(key), `${key} comes twice`);
    family.samples.set(key, Number(value.replace("Inf", "Infinity")));
  }
  for (const [it, of] of families) checkFamily(it, of);
  return families;
}

function checkFamily(name: string, { type, samples }: Family): void {
  must(name.endsWith("_total") === (type === "counter"), `${name} is a ${type}`);
  must(!/[A-Z:]|_(counter|gauge|histogram|ms|milliseconds)(_|$)/.test(name), `${name} is no good name`);
  if (type !== "histogram") return;
  must(UNIT.test(name), `${name} has no unit`);
  for (const [key, count] of samples)
    if (key.startsWith(`${name}_count{`)) checkHistogram(name, key, { count, samples });
}

function checkHistogram(
  name: string,
  key: string,
  { count, samples }: { count: number; samples: Map<string, number> },
): void {
  const labels = key.slice(`${name}_count{`.length, -1);
  must(samples.has(`${name}_sum{${labels}}`), `${key} has no sum`);
  const prefix = `${name}_bucket{le="`;
  const suffix = `"${labels === "" ? "" : `,${labels}`}}`;
  const buckets = [...samples].filter(([it]) => it.startsWith(prefix) && it.endsWith(suffix));
  const bounds = buckets.map(([it]) =>
    Number(it.slice(prefix.length, -suffix.length).replace("+Inf", "Infinity")),
  );
  const counts = buckets.map(([, value]) => value);
  must(isAscending(bounds) && bounds.at(-1) === Infinity, `the bounds of ${key} are ${bounds.join(" ")}`);
  must(isAscending(counts) && counts.at(-1) === count, `the buckets of ${key} are ${counts.join(" ")}`);
}

function isAscending(numbers: number[]): boolean {
  return numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0));
}

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
