from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Greeting(BaseModel):
    name: str = "world"


@app.get("/")
def index():
    return {"say": "POST a name to /greet"}


@app.post("/greet")
def greet(greeting: Greeting):
    print("asked by", greeting.name)
    return {"hello": greeting.name}
