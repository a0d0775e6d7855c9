import { escapeName } from "../../lib/text.ts";
import type { Agent } from "../agent.ts";
import type { AgentParts } from "../parts.ts";

const MAX_NAMED = 20;

/** A warning with the names of the secrets that the version before had and this deploy did not send. */
export async function droppedSecrets(
  { secrets }: Pick<AgentParts, "secrets">,
  before: Pick<Agent, "id" | "currentVersion"> | undefined,
  sent: Record<string, string>,
): Promise<string[]> {
  if (before === undefined) return [];
  const { id, currentVersion } = before;
  // A deploy brings secrets of its own: it needs no key for the old ones.
  const had = await secrets.readSecrets(id, currentVersion.version).catch(() => ({}));
  const dropped = Object.keys(had).filter((name) => !Object.hasOwn(sent, name));
  if (dropped.length === 0) return [];
  const names = dropped.sort().slice(0, MAX_NAMED).map(escapeName).join(", ");
  const more = dropped.length > MAX_NAMED ? ` and ${dropped.length - MAX_NAMED} more` : "";
  return [
    `This deploy did not send ${names}${more}: the version before had ${dropped.length === 1 ? "that secret" : "those secrets"}, this one has not. Send all secrets with each deploy.`,
  ];
}
