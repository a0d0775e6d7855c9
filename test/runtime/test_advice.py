"""What an error tells its author to do."""

from __future__ import annotations

import sys
import unittest

from harness import TestCase

MODULES = [
    ("yaml", "add pyyaml to requirements.txt"),
    ("cv2", "add opencv-python-headless to requirements.txt"),
    ("PIL", "add pillow to requirements.txt"),
    ("PIL.Image", "add pillow to requirements.txt"),
    ("sklearn.linear_model", "add scikit-learn to requirements.txt"),
    ("dotenv", "add python-dotenv to requirements.txt"),
    ("bs4", "add beautifulsoup4 to requirements.txt"),
    ("jwt", "add pyjwt to requirements.txt"),
    ("psycopg2", "add psycopg2-binary to requirements.txt"),
    ("httpx", "add httpx to requirements.txt"),
    ("pydantic_ai", "add pydantic-ai to requirements.txt"),
    ("google", "add the package of Google's that you use, such as google-genai, to requirements.txt"),
    ("distutils_x.y", "add distutils-x to requirements.txt"),
    ("json.no_such_part", ""),
    ("own.no_such_part", ""),
]

# What raises, and what to do.
RAISED = [
    ("os.environ['MY_API_KEY']", "send MY_API_KEY as a secret with the deploy"),
    ("{}['MY_API_KEY']", ""),
    ("os.environ['HOME'] + {}['HOME']", ""),
    (
        "raise_(RuntimeError('The api_key client option must be set either by passing api_key to the client "
        "or by setting the OPENAI_API_KEY environment variable'))",
        "send OPENAI_API_KEY as a secret with the deploy",
    ),
    (
        "raise_(ValueError('Environment variable `TAVILY_API_KEY` is not set'))",
        "send TAVILY_API_KEY as a secret with the deploy",
    ),
    ("os.environ.update(MY_KEY='x') or raise_(ValueError('set the MY_KEY environment variable'))", ""),
    ("raise_(ValueError('no such city'))", ""),
]


class Advice(TestCase):
    def test_a_call_that_fails_says_what_to_do(self) -> None:
        files = {
            "main.py": """
                import importlib, os
                def raise_(error): raise error
                def handler(input):
                    if "module" in input: importlib.import_module(input["module"])
                    eval(input["code"])
                """,
            "own/__init__.py": "",
        }
        agent = self.agent(files).ready()
        cases = [({"module": module}, todo) for module, todo in MODULES]
        cases += [({"code": code}, todo) for code, todo in RAISED]
        for case, todo in cases:
            with self.subTest(case):
                error = agent.invoke(case).json["error"]
                if todo:
                    self.assertTrue(error.endswith("): " + todo), error)
                else:
                    self.assertRegex(error, r"\(main.py, line \d+\)$")

    def test_a_start_that_fails_says_what_to_do(self) -> None:
        agent = self.agent({"main.py": "import yaml\ndef handler(input): ...\n", "pyproject.toml": ""})
        message = agent.wait_state("failed")["message"]
        self.assertEqual(
            message,
            "ModuleNotFoundError: No module named 'yaml' (main.py, line 1): "
            "add pyyaml to the dependencies in pyproject.toml",
        )

    @unittest.skipIf(sys.version_info < (3, 12), "this Python has the module")
    def test_a_module_that_python_no_longer_has_names_the_last_that_had_it(self) -> None:
        agent = self.agent({"main.py": "import imp\ndef handler(input): ...\n"})
        message = agent.wait_state("failed")["message"]
        self.assertTrue(message.endswith('set python_version = "3.11" in oken.toml'), message)


if __name__ == "__main__":
    unittest.main()
