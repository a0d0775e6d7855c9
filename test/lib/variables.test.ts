import { describe, expect, test } from "bun:test";

import { VARIABLE_NAME, isReservedVariable } from "../../src/lib/variables.ts";
import { parseSecrets, parseSecretsPatch } from "../../src/upload/secrets.ts";

/** By who reads them before the agent's code runs. */
const RESERVED = {
  "the runner": ["OKEN_SPEC", "OKEN_", "PORT"],
  "the loader": ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"],
  "the C library": ["GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH"],
  "the interpreter": [
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "PYTHON_GIL",
    "_PYTHON_SYSCONFIGDATA_NAME",
  ],
  "whoever starts a program": ["PATH"],
  "the shell": ["BASH_ENV", "BASHOPTS", "SHELLOPTS", "IFS"],
  "the docker command": ["DOCKER_HOST", "DOCKER_CONFIG", "BUILDKIT_HOST", "BUILDX_BUILDER"],
};

/** What an agent's own clients and programs read, and names that only look like those above. */
const ALLOWED = [
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "ALL_PROXY"],
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "OPENSSL_CONF", "CURL_CA_BUNDLE"],
  ...["PIP_INDEX_URL", "UV_INDEX_URL", "GIT_SSH_COMMAND", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS"],
  ...["MALLOC_ARENA_MAX", "LANG", "LC_ALL", "TZ", "TMPDIR", "HOME", "ENV", "USER"],
  ...[
    "path",
    "Path",
    "ld_preload",
    "pythonpath",
    "docker_host",
    "oken_key",
    "XPATH",
    "MY_PYTHON",
    "LDAP_URL",
  ],
  ...["A", "_", "_x", "DOCKER", "OKEN", "LD"],
];

/** No name of a variable, whoever asks. */
const NO_NAMES = [
  ...[
    "",
    " ",
    "A B",
    "A=B",
    "=",
    "A=",
    "A\0",
    "A\0=B",
    "1A",
    "A-B",
    "A.B",
    "A\n",
    "\nA",
    "Ä",
    "KEYÄ",
    "К",
    "A\u200b",
  ],
  ...["BASH_FUNC_ls%%", "${A}", "$A", "`id`", "A;B", "PATH ", " PATH"],
];

const secretsOf = (name: string) => JSON.stringify({ [name]: "value" });

describe.each(Object.entries(RESERVED))("what %s reads", (_, names) => {
  test.each(names)("%s is refused, and the sentence has the list", (name) => {
    expect(isReservedVariable(name)).toBe(true);
    for (const parse of [parseSecrets, parseSecretsPatch])
      expect(() => parse(secretsOf(name))).toThrow(/is reserved, as are: .*LD_…, PYTHON…/);
  });
});

test.each(ALLOWED)("%s is the author's to set", (name) => {
  expect(VARIABLE_NAME.test(name)).toBe(true);
  expect(isReservedVariable(name)).toBe(false);
  expect(parseSecrets(secretsOf(name))).toEqual({ [name]: "value" });
});

test.each(NO_NAMES)("%j is no name of a variable", (name) => {
  expect(() => parseSecrets(secretsOf(name))).toThrow("must be letters, digits and _, with no digit first");
});
