"""Values of secrets in what others read."""

from __future__ import annotations

import json
import os
import subprocess
import unittest

from harness import PARENT_PYTHON, RUNTIME, TestCase, wait_for

SECRETS = {
    "KEY": "hunter2-hunter2",
    "PEM": "-----BEGIN-----\nline-of-a-key\n-----END-----",
    "QUOTED": 'a "quoted" ä\tvalue',
    "SHORT": "no",
}
FAILING = """
    import os
    def handler(name):
        raise ValueError(f"{os.environ[name]} and {os.environ[name]!r}, no less")
"""
CUT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from _oken.parent.redaction import Redaction
for case in json.load(sys.stdin):
    print(json.dumps(Redaction(lambda: case["secrets"]).text(case["text"])))
"""


class Redaction(TestCase):
    def test_a_value_is_cut_however_it_is_written(self) -> None:
        # The runner cuts the same: test/lib/redact-secrets.test.ts.
        with open(os.path.join(os.path.dirname(__file__), "redaction.json"), encoding="utf-8") as file:
            cases = json.load(file)
        run = subprocess.run(
            [PARENT_PYTHON, "-I", "-c", CUT, os.path.dirname(RUNTIME)],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            check=True,
        )
        for case, line in zip(cases, run.stdout.splitlines()):
            with self.subTest(case["what"]):
                cut = json.loads(line)
                self.assertIn("[REDACTED]" if case["what"] != "that is short" else "no", cut)
                self.assertEqual(cut, case.get("clean", cut))
                if "without" in case:
                    self.assertNotIn(case["without"], cut)

    def test_an_error_of_a_call_has_no_value_of_a_secret(self) -> None:
        agent = self.handler(FAILING, secrets=SECRETS)
        for name in ("KEY", "PEM", "QUOTED"):
            with self.subTest(name):
                answer = agent.invoke(name)
                self.assertEqual(answer.status, 500)
                self.assertEqual(answer.json["error"].count("[REDACTED]"), 2)
                for part in ("hunter2", "line-of-a-key", "quoted"):
                    self.assertNotIn(part, answer.body.decode())
        self.assertIn("no and 'no', no less", agent.invoke("SHORT").json["error"])

    def test_nor_has_the_reason_of_a_failed_start(self) -> None:
        source = "import os\nraise ValueError(os.environ['KEY'])\ndef handler(input): ..."
        agent = self.agent({"main.py": source}, secrets=SECRETS)
        health = agent.wait_state("failed")
        self.assertIn("ValueError: [REDACTED]", health["message"])
        self.assertNotIn("hunter2", str(health))

    def test_the_log_is_the_agents_own_unless_it_is_to_be_cut_too(self) -> None:
        source = """
            import os, subprocess
            def handler(input):
                print("it is", os.environ["KEY"])
                print(os.environ["PEM"])
                subprocess.run(["sh", "-c", "echo child $KEY"])
                print("end")
        """
        for redact, expected in ((False, "hunter2-hunter2"), (True, "[REDACTED]")):
            with self.subTest(redact):
                agent = self.handler(source, secrets=SECRETS, redact_logs=redact)
                agent.output(1)
                wait_for(lambda agent=agent: agent.count_lines("end"), "the log")
                wait_for(lambda agent=agent, text=expected: agent.count_lines("child " + text), "the child")
                self.assertEqual(agent.count_lines("it is " + expected), 1)
                self.assertEqual(agent.count_lines("[REDACTED]"), 3 if redact else 0)


if __name__ == "__main__":
    unittest.main()
