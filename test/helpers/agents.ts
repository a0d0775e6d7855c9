/** Small agents, as the files that are sent. */

export const HANDLER = {
  "oken.toml": '[agent]\nname = "Handler"\n',
  "main.py":
    'def handler(input):\n    print("called with", input)\n    return {"hello": input.get("name")}\n',
};

/** A handler that answers with `text`; its files differ in nothing else. */
export function answering(text: string): Record<string, string> {
  return {
    "oken.toml": '[agent]\nname = "Answer"\n',
    "main.py": `def handler(input):\n    return ${JSON.stringify(text)}\n`,
  };
}
