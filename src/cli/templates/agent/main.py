class Agent:
    def setup(self):
        """Runs once, before the first call: load models and open connections here."""
        self.calls = 0

    def run(self, input):
        self.calls += 1
        name = input.get("name", "world")
        print("asked by", name)
        return {"hello": name, "calls": self.calls}
