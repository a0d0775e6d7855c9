/** Small agents, as the files that are sent. */

export const HANDLER = {
  "oken.toml": '[agent]\nname = "Handler"\n',
  "main.py":
    'def handler(input):\n    print("called with", input)\n    return {"hello": input.get("name")}\n',
};

export const ASYNC_HANDLER = {
  "oken.toml": 'name = "Async handler"\nslug = "async-handler"\n',
  "main.py":
    'import asyncio\n\nasync def handler(input):\n    await asyncio.sleep(0)\n    return {"hello": input.get("name")}\n',
};

export const CLASS_AGENT = {
  "oken.toml": '[agent]\nname = "Agent class"\n',
  "main.py": `class Agent:
    def setup(self):
        self.key = "hello"

    def run(self, input):
        return {self.key: input.get("name")}
`,
};

export const FASTAPI = {
  "oken.toml": '[agent]\nname = "FastAPI"\n',
  "requirements.txt": "fastapi\n",
  "main.py": `from fastapi import FastAPI

app = FastAPI()


@app.post("/invoke")
async def invoke(body: dict):
    return {"output": {"hello": body["input"].get("name")}}


@app.get("/items/{item}")
async def item(item: int, q: str = ""):
    return {"item": item, "q": q}
`,
};

export const FLASK = {
  "oken.toml": '[agent]\nname = "Flask"\n',
  "requirements.txt": "flask\n",
  "main.py": `from flask import Flask, request

app = Flask(__name__)


@app.post("/invoke")
def invoke():
    return {"output": {"hello": request.get_json()["input"].get("name")}}


if __name__ == "__main__":
    app.run(debug=True)
`,
};

/** A handler that answers with `text`; its files differ in nothing else. */
export function answering(text: string): Record<string, string> {
  return {
    "oken.toml": '[agent]\nname = "Answer"\n',
    "main.py": `def handler(input):\n    return ${JSON.stringify(text)}\n`,
  };
}
