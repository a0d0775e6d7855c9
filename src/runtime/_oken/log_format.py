"""The form of a log line on its way from a worker to the parent."""

from __future__ import annotations

import struct

MAX_LINE_BYTES = 64 * 1024

# time, level, stream, continued, length of the request id; then the id and the text
LOG_HEAD = struct.Struct("!dBBBH")
LEVELS = ("debug", "info", "warning", "error", "critical")
STREAMS = ("stdout", "stderr", "runtime")
LEVEL_INFO = 1
LEVEL_WARNING = 2
LEVEL_ERROR = 3
STREAM_STDOUT = 0
STREAM_STDERR = 1
STREAM_RUNTIME = 2
AGENT_STREAMS = (STREAM_STDOUT, STREAM_STDERR)
# In place of a level: the message carries the read end of a pipe that belongs to one request.
LEVEL_PIPE = 255
