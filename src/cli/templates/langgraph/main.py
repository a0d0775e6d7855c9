from typing import TypedDict

from langgraph.graph import END, START, StateGraph


class State(TypedDict, total=False):
    question: str
    words: int
    answer: str


def think(state: State) -> State:
    return {"words": len(state["question"].split())}


def answer(state: State) -> State:
    """Ask a model here. Its key is a secret: oken-runner secrets set."""
    return {"answer": f"You asked in {state['words']} words: {state['question']}"}


steps = StateGraph(State)
steps.add_node("think", think)
steps.add_node("answer", answer)
steps.add_edge(START, "think")
steps.add_edge("think", "answer")
steps.add_edge("answer", END)
graph = steps.compile()
