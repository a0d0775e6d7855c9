def handler(input):
    """Answers one call. What is printed goes to the agent's log."""
    name = input.get("name", "world")
    print("asked by", name)
    return {"hello": name}
