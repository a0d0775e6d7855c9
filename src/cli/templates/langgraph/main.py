from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    question: str
    notes: list[str]
    answer: str


def think(state: State) -> State:
    return {"notes": [f"The question has {len(state['question'].split())} words."]}


def answer(state: State) -> State:
    """Ask a model here; its key is a secret: oken-runner secrets set."""
    return {"answer": f"You asked: {state['question']} {' '.join(state['notes'])}"}


steps = StateGraph(State)
steps.add_node("think", think)
steps.add_node("answer", answer)
steps.add_edge(START, "think")
steps.add_edge("think", "answer")
steps.add_edge("answer", END)
graph = steps.compile()


def handler(input):
    state = graph.invoke({"question": input.get("question", "What is LangGraph?")})
    return {"answer": state["answer"]}
