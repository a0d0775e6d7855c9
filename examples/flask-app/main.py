"""An http agent. `python main.py` serves it on your machine; the runner serves `app` itself."""

from flask import Flask, request

app = Flask(__name__)


@app.post("/invoke")
def invoke():
    text = request.get_json()["input"]["text"]
    return {"output": {"words": len(text.split())}}


@app.get("/hello/<name>")
def hello(name):
    return f"Hello, {name}!"


if __name__ == "__main__":
    app.run(debug=True)
