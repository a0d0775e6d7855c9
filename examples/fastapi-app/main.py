"""An http agent. The runner serves `app`; no call of uvicorn.run is needed."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Invoke(BaseModel):
    input: dict


@app.post("/invoke")
async def invoke(body: Invoke):
    numbers = body.input.get("numbers", [])
    return {"output": {"sum": sum(numbers)}}


@app.get("/items/{item}")
async def read_item(item: int):
    return {"item": item}
