"""An agent class. It is made once; `setup`, which is optional, runs before the first call."""


class Agent:
    def setup(self):
        self.count = 0

    def run(self, input):
        self.count += input.get("by", 1)
        return {"count": self.count}
