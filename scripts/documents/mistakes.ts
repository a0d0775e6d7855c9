import { MISTAKES, type Mistake } from "../../test/fixtures/authors/mistakes.ts";
import { code, table } from "./markdown.ts";

/** Stands for an agent's id in the sentences. */
const AGENT = "bot";

/** What new authors get wrong, in the order in which it comes to light. The test of authors makes each mistake. */
export function mistakesBlock(): string {
  const rows = MISTAKES.map((mistake) => [
    mistake.name,
    whenOf(mistake),
    quoted(sentenceOf(mistake)),
    mistake.todo,
  ]);
  return table(["What is wrong", "Told when", "What is said", "More"], rows);
}

const WHEN: Record<string, string> = {
  CONFIG_ERROR: "it is read",
  BUILD_FAILED: "it is built",
  AGENT_START_FAILED: "it starts",
};

function whenOf(mistake: Mistake): string {
  if (!("refused" in mistake)) return "it is called";
  const when = WHEN[mistake.refused.code];
  if (when === undefined) throw new Error(`nothing says when ${mistake.refused.code} is told`);
  return when;
}

/** A span of code may hold backticks between double ones. */
function quoted(sentence: string): string {
  return sentence.includes("`") ? `\`\` ${sentence} \`\`` : code(sentence);
}

function sentenceOf(mistake: Mistake): string {
  const said = "refused" in mistake ? mistake.refused.error : errorOf(mistake);
  return said.replaceAll("{id}", AGENT);
}

function errorOf({ name, calls }: Extract<Mistake, { calls: unknown }>): string {
  for (const call of calls) if ("error" in call) return call.error;
  throw new Error(`the mistake ${JSON.stringify(name)} has no sentence`);
}
