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
    ("tkinter", "an agent has no screen, so leave it out"),
    ("distutils_x.y", "add distutils-x to requirements.txt"),
    ("json.no_such_part", ""),
    ("own.no_such_part", ""),
]

# What raises, and what to do.
RAISED = [
    (
        "raise_(ImportError('libGL.so.1: cannot open shared object file: No such file or directory'))",
        'set system_packages = ["libgl1"] in oken.toml',
    ),
    (
        "__import__('ctypes').CDLL('libnot-there.so.3')",
        "name the Debian package with libnot-there.so.3 in system_packages in oken.toml",
    ),
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
    (
        "raise_(ValueError('set the `OPENAI_API_KEY` or `OPENAI_ADMIN_KEY` environment variable.'))",
        "send OPENAI_API_KEY as a secret with the deploy",
    ),
    ("os.environ.update(MY_KEY='x') or raise_(ValueError('set the MY_KEY environment variable'))", ""),
    ("raise_(ValueError('no such city'))", ""),
    ("open('data/prices.csv')", "there is no data/prices.csv in the upload"),
    ("open(os.getcwd() + '/prices.csv')", "there is no prices.csv in the upload"),
    ("open('Words.TXT')", "the upload has words.txt, which is another name"),
    (
        "open('C:/Users/me/prices.csv')",
        "that is a place on another machine, so put the file in the upload and name it from there",
    ),
    ("open('/srv/prices.csv')", ""),
    ("__import__('subprocess').run(['no-such-program'])", ""),
    (
        "raise_(OSError(30, 'Read-only file system', 'a.db'))",
        "only /tmp and the home directory can be written",
    ),
    (
        "__import__('sqlite3').connect('/no/such/a.db')",
        "only /tmp and the home directory can be written",
    ),
    ("input('name? ')", "nobody can answer input() here, so take it from the agent's input or from a secret"),
    (
        "raise_(OSError(113, 'No route to host'))",
        "agents reach public addresses alone, and those of [network] allow in oken.toml",
    ),
    ("csv.reader", "csv.py is imported in its place, so rename that file"),
    ("own.reader", ""),
]


class Advice(TestCase):
    def test_a_call_that_fails_says_what_to_do(self) -> None:
        files = {
            "main.py": """
                import csv, importlib, os, own
                def raise_(error): raise error
                def handler(call):
                    if "module" in call: importlib.import_module(call["module"])
                    eval(call["code"])
                """,
            "own/__init__.py": "",
            "csv.py": "",
            "words.txt": "",
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

    def test_a_command_line_is_not_there(self) -> None:
        source = """
            import argparse
            parser = argparse.ArgumentParser(); parser.add_argument("--topic", required=True)
            parser.parse_args()
            def handler(input): ...
        """
        message = self.agent({"main.py": source}).wait_state("failed")["message"]
        self.assertEqual(
            message,
            "main:handler called sys.exit(2) while it was loaded (main.py, line 4): "
            "an agent has no command line, so give each argument a default",
        )

    def test_green_threads_are_refused_where_threads_serve(self) -> None:
        files = {
            "gevent/__init__.py": "",
            "gevent/monkey.py": """
                changed = []
                def patch_all(): changed.append("threading")
                def is_module_patched(name): return name in changed
            """,
            "net.py": "# patch_all() comes first\nfrom gevent import monkey\n\nmonkey.patch_all()\n",
            "main.py": """
                import net
                def handler(input): return 1
                async def asynchronous(input): return 2
                def app(environ, start_response): ...
            """,
        }
        told = "gevent has replaced Python's threads (net.py, line 4), which requests are served with: "
        for spec, todo in (
            ({}, "remove its monkey patch, or set concurrency = 1 in oken.toml"),
            ({"type": "http", "attr": "app"}, "remove its monkey patch"),
        ):
            with self.subTest(spec):
                message = self.agent(files, **spec).wait_state("failed")["message"]
                self.assertEqual(message, told + todo)
        self.assertEqual(self.agent(files, concurrency=1).ready().output(0), 1)
        self.assertEqual(self.agent(files, attr="asynchronous").ready().output(0), 2)

    @unittest.skipIf(sys.version_info < (3, 12), "this Python has the module")
    def test_a_module_that_python_no_longer_has_names_the_last_that_had_it(self) -> None:
        agent = self.agent({"main.py": "import imp\ndef handler(input): ...\n"})
        message = agent.wait_state("failed")["message"]
        self.assertTrue(message.endswith('set python_version = "3.11" in oken.toml'), message)


if __name__ == "__main__":
    unittest.main()
