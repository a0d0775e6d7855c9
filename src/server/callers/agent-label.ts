import { createHash } from "node:crypto";

/** What a host name's first part may be, and no reader takes for an encoded one (RFC 5891 section 4.2.3.1). */
const LABEL = /^(?!..--)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The end of a label that was made. An id that looks like one gets another, so that each is one agent's. */
const MADE = /(^|-)x[0-9a-v]{20}$/;

/** Bits of the digest in a made label: nobody finds a second id for one. */
const DIGEST_HEX_DIGITS = 25;

/** Characters of the id in a made label, for people. */
const LONGEST_HINT = 40;

/** The first part of an agent's own host name: its id, or one made from an id that is no such part. */
export function labelOf(agentId: string): string {
  if (isPlainLabel(agentId)) return agentId;
  const hint = agentId
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, LONGEST_HINT)
    .replaceAll(/^-|-$/g, "");
  const hex = createHash("sha256").update(agentId).digest("hex").slice(0, DIGEST_HEX_DIGITS);
  const digest = `x${BigInt(`0x${hex}`).toString(32).padStart(20, "0")}`;
  return hint === "" ? digest : `${hint}-${digest}`;
}

/** Whether the label is an id by itself. */
export function isPlainLabel(label: string): boolean {
  return LABEL.test(label) && !MADE.test(label);
}

/** Whether an agent may have got the label instead of its id. */
export function isMadeLabel(label: string): boolean {
  return MADE.test(label);
}
