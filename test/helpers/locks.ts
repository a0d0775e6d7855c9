/** As uv writes it. */
export const LOCK = `version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "demo"
version = "1"
source = { virtual = "." }

[package.metadata]
requires-dist = [{ name = "six", specifier = ">=1.16,<2" }]

[package.metadata.requires-dev]
dev = [{ name = "pytest", specifier = ">=8" }]
`;

/** In the format of Poetry 2, which PDM's resembles. */
export const POETRY_LOCK = `[[package]]
name = "six"
version = "1.16.0"
optional = false
groups = ["main"]
markers = "python_version >= \\"3.9\\""
files = [{file = "six.whl", hash = "sha256:aa"}]

[[package]]
name = "pytest"
version = "8.0.0"
optional = false
groups = ["dev"]
files = [{file = "pytest.whl", hash = "sha256:bb"}]

[metadata]
lock-version = "2.1"
`;
