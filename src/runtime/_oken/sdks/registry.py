"""Which file of this folder serves an object."""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .served import Served

# The package of an object's class, or of a class that it inherits from, and the file for it. Of several that
# fit, the first is taken: a LangGraph graph is a LangChain runnable too.
_FILES = {
    "langgraph": "langgraph",
    "langchain_core": "langchain",
    "pydantic_ai": "pydantic_ai",
    "agents": "openai_agents",
    "smolagents": "smolagents",
    "crewai": "crewai",
    "google": "google_adk",
    "strands": "strands",
    "agno": "agno",
    "autogen_agentchat": "autogen",
    "haystack": "haystack",
    # LlamaIndex's workflows are a package of their own since 2025.
    "workflows": "llama_index",
    "llama_index": "llama_index",
    "bedrock_agentcore": "agentcore",
}


def serve(value: Any) -> Served | None:
    """How an agent of an SDK is served, or a class whose instances are such agents; None for all else."""
    kinds = [*type(value).__mro__, *(value.__mro__ if isinstance(value, type) else ())]
    roots = {kind.__module__.partition(".")[0] for kind in kinds}
    for root, file in _FILES.items():
        if root in roots:
            # Only here: it may import the SDK, and most agents have none.
            module = importlib.import_module(f"{__package__}.{file}")
            served: Served | None = module.serve(value)
            if served is not None:
                return served
    return None
