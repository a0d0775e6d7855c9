"""An agent class: made once in each worker, with an optional setup before the first invoke."""


class Agent:
    def setup(self):
        self.count = 0

    def run(self, input):
        self.count += input.get("by", 1)
        return {"count": self.count}
