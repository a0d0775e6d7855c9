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

REFUSED = "nothing listens there; localhost is the agent's own container, where no other program is"
UNREACHED = "agents reach public addresses alone, and those of [network] allow in oken.toml"
UNKNOWN_HOST = "no machine of that name is known; those of your own are named by address, in [network] allow"
NOT_LISTED = "name that host in egress in oken.toml"
PDFTOTEXT = 'set system_packages = ["poppler-utils"] in oken.toml'
NOT_EXECUTABLE = "words.txt is not executable: chmod +x it before the deploy, or call its interpreter"
NO_INTERPRETER = "what its first line names is not there, or that line ends as Windows ends lines"
OTHER_SYSTEM = "it is for another system than Linux on this processor, or a script without #! at its top"

# What raises, and what to do.
RAISED = [
    (
        "raise_(ImportError('libGL.so.1: cannot open shared object file: No such file or directory'))",
        'set system_packages = ["libgl1", "libglib2.0-0"] in oken.toml',
    ),
    (
        "raise_(OSError(\"cannot load library 'libgobject-2.0-0': libgobject-2.0-0: cannot open shared object file\"))",
        'set system_packages = ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"] in oken.toml',
    ),
    (
        "raise_(ImportError('failed to find libmagic.  Check your installation'))",
        'set system_packages = ["libmagic1"] in oken.toml',
    ),
    (
        "__import__('ctypes').CDLL('libcudart.so.12')",
        "an agent has no GPU, so install this package's variant for CPUs",
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
    ("raise_(Silent())", ""),
    ("run_for_another()", 'set system_packages = ["ffmpeg"] in oken.toml'),
    ("open('data/prices.csv')", "there is no data/prices.csv in the upload"),
    ("open(os.getcwd() + '/prices.csv')", "there is no prices.csv in the upload"),
    ("open('Words.TXT')", "the upload has words.txt, which is another name"),
    (
        "open('C:/Users/me/prices.csv')",
        "that is a place on another machine, so put the file in the upload and name it from there",
    ),
    ("open('/srv/prices.csv')", ""),
    ("run(['ffmpeg', '-version'])", 'set system_packages = ["ffmpeg"] in oken.toml'),
    ("run(['/usr/bin/pdftotext'])", PDFTOTEXT + ", and call it by its name alone"),
    (
        "run(['no-such-program'])",
        "name the Debian package that has no-such-program in system_packages in oken.toml",
    ),
    ("run(['uvx', 'mcp-server-fetch'])", "add uv to requirements.txt"),
    ("run('git log', shell=True, check=True)", 'set system_packages = ["git"] in oken.toml'),
    ("run('no-such-program', shell=True, check=True)", ""),
    ("run('exit 1', shell=True, check=True)", ""),
    (
        "run([sys.executable, '-m', 'pip', 'install', 'six'], check=True)",
        "packages are installed at the deploy, so list them in requirements.txt",
    ),
    (
        "run('convert a.png b.pdf')",
        'give the command as a list that begins with "convert", or with shell=True',
    ),
    ("asyncio.run(asyncio.create_subprocess_exec('npx'))", 'set system_packages = ["npm"] in oken.toml'),
    ("run(['ls'], cwd='data')", "there is no data in the upload"),
    ("run(['./tool'])", "there is no tool in the upload"),
    ("run(['./words.txt'])", NOT_EXECUTABLE),
    ("write('/tmp/t', '#!/no/sh') or run(['/tmp/t'])", NO_INTERPRETER),
    ("write('/tmp/t', 'echo') or run(['/tmp/t'])", OTHER_SYSTEM),
    (
        'raise_(OSError("tesseract is not installed or it\'s not in your PATH. See README"))',
        'set system_packages = ["tesseract-ocr"] in oken.toml',
    ),
    (
        "raise_(Exception('Unable to get page count. Is poppler installed and in PATH?'))",
        'set system_packages = ["poppler-utils"] in oken.toml',
    ),
    (
        "raise_(ImportError('Bad git executable.\\nThe git executable must be specified'))",
        'set system_packages = ["git"] in oken.toml',
    ),
    (
        "raise_(RuntimeError('No ffmpeg exe could be found. Install ffmpeg on your system, or set the '"
        "'IMAGEIO_FFMPEG_EXE environment variable.'))",
        'set system_packages = ["ffmpeg"] in oken.toml',
    ),
    (
        'raise_(RuntimeError("Executable doesn\'t exist at /home/agent/chromium-1/chrome"))',
        'set system_packages = ["chromium"] in oken.toml, '
        'and launch it with executable_path="/usr/bin/chromium"',
    ),
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
    ("take({'city': 1, 'day': 2})", "the input has city, day"),
    ("take({})", "the input is empty"),
    ("asyncio.run(nested())", "an async handler runs in a loop already, so await the coroutine itself"),
    ("connect(closed_port())", REFUSED),
    ("asyncio.run(asyncio.open_connection('127.0.0.1', closed_port()))", REFUSED),
    (
        "raise_(RuntimeError('connection to server at \"localhost\", port 5432 failed: Connection refused'))",
        REFUSED,
    ),
    ("raise_(Exception('[Errno -2] Name or service not known'))", UNKNOWN_HOST),
    ("connect_to_db()", UNKNOWN_HOST),
    ('raise_(OSError("Tunnel connection failed: 403 a.example is not in the agent\'s egress"))', NOT_LISTED),
    ("call_model()", UNREACHED),
    (
        "raise_(Group(OSError(30, 'Read-only file system')))",
        "only /tmp and the home directory can be written",
    ),
    ("csv.reader", "csv.py is imported in its place, so rename that file"),
    ("own.reader", ""),
]


class Advice(TestCase):
    def test_a_call_that_fails_says_what_to_do(self) -> None:
        files = {
            "main.py": """
                import asyncio, csv, importlib, os, own, socket, sys
                from subprocess import run
                def raise_(error): raise error
                class Silent(OSError):
                    def __str__(self): raise ValueError
                def take(input): return input["name"]
                async def nested(): asyncio.run(asyncio.sleep(0))
                class Group(Exception):
                    def __init__(self, *errors): self.exceptions = errors
                def closed_port():
                    with socket.create_server(("127.0.0.1", 0)) as server: return server.getsockname()[1]
                def connect(port): socket.create_connection(("127.0.0.1", port))
                def connect_to_db(): raise_(socket.gaierror(-2, "Name or service not known"))
                def call_model():
                    try: raise OSError(113, "No route to host")
                    except OSError as error: raise RuntimeError("Connection error.") from error
                def run_for_another():
                    try: run(["ffmpeg"])
                    except OSError as error: raise RuntimeError("no sound") from error
                def write(path, text):
                    with open(path, "w") as file: file.write(text)
                    os.chmod(path, 0o700)
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

    def test_packages_of_oken_toml_are_kept_when_one_more_is_named(self) -> None:
        source = "import subprocess\ndef handler(input): subprocess.run(['git'])\n"
        toml = 'name = "A"\nsystem_packages = ["jq"]\n'
        agent = self.agent({"main.py": source, "oken.toml": toml}).ready()
        error = agent.invoke(0).json["error"]
        self.assertTrue(error.endswith('): add "git" to system_packages in oken.toml'), error)

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
