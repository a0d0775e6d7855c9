/**
 * The one door to the files that run inside a container; each is embedded in the binary as text.
 * A test holds this list against the directory.
 */
import { createHash } from "node:crypto";

import initText from "./_oken/__init__.py" with { type: "text" };
import applicationsText from "./_oken/applications.py" with { type: "text" };
import asgiServerText from "./_oken/asgi_server.py" with { type: "text" };
import captureText from "./_oken/capture.py" with { type: "text" };
import connectionText from "./_oken/connection.py" with { type: "text" };
import controlText from "./_oken/control.py" with { type: "text" };
import dispatcherText from "./_oken/dispatcher.py" with { type: "text" };
import drainText from "./_oken/drain.py" with { type: "text" };
import encodeText from "./_oken/encode.py" with { type: "text" };
import environmentText from "./_oken/environment.py" with { type: "text" };
import exitsText from "./_oken/exits.py" with { type: "text" };
import failuresText from "./_oken/failures.py" with { type: "text" };
import followingText from "./_oken/following.py" with { type: "text" };
import framesText from "./_oken/frames.py" with { type: "text" };
import healthText from "./_oken/health.py" with { type: "text" };
import hooksText from "./_oken/hooks.py" with { type: "text" };
import http1Text from "./_oken/http1.py" with { type: "text" };
import httpHeadText from "./_oken/http_head.py" with { type: "text" };
import importsText from "./_oken/imports.py" with { type: "text" };
import invocationText from "./_oken/invocation.py" with { type: "text" };
import lineStreamText from "./_oken/line_stream.py" with { type: "text" };
import linkText from "./_oken/link.py" with { type: "text" };
import linkSignalText from "./_oken/link_signal.py" with { type: "text" };
import logpipesText from "./_oken/logpipes.py" with { type: "text" };
import logsinkText from "./_oken/logsink.py" with { type: "text" };
import loopAnswersText from "./_oken/loop_answers.py" with { type: "text" };
import loopChannelText from "./_oken/loop_channel.py" with { type: "text" };
import loopEngineText from "./_oken/loop_engine.py" with { type: "text" };
import mainEngineText from "./_oken/main_engine.py" with { type: "text" };
import mcpServersText from "./_oken/mcp_servers.py" with { type: "text" };
import negotiateText from "./_oken/negotiate.py" with { type: "text" };
import outcomeText from "./_oken/outcome.py" with { type: "text" };
import parentText from "./_oken/parent.py" with { type: "text" };
import patchesText from "./_oken/patches.py" with { type: "text" };
import probeText from "./_oken/probe.py" with { type: "text" };
import repliesText from "./_oken/replies.py" with { type: "text" };
import reportText from "./_oken/report.py" with { type: "text" };
import requestText from "./_oken/request.py" with { type: "text" };
import responseText from "./_oken/response.py" with { type: "text" };
import serveText from "./_oken/serve.py" with { type: "text" };
import serveCallsText from "./_oken/serve_calls.py" with { type: "text" };
import serversText from "./_oken/servers.py" with { type: "text" };
import signaturesText from "./_oken/signatures.py" with { type: "text" };
import socketsText from "./_oken/sockets.py" with { type: "text" };
import spawnText from "./_oken/spawn.py" with { type: "text" };
import specText from "./_oken/spec.py" with { type: "text" };
import supervisorText from "./_oken/supervisor.py" with { type: "text" };
import taggingText from "./_oken/tagging.py" with { type: "text" };
import targetText from "./_oken/target.py" with { type: "text" };
import threadsText from "./_oken/threads.py" with { type: "text" };
import vendorInitText from "./_oken/vendor/__init__.py" with { type: "text" };
import vendorH11LICENSEText from "./_oken/vendor/h11/LICENSE.txt" with { type: "text" };
import vendorH11InitText from "./_oken/vendor/h11/__init__.py" with { type: "text" };
import vendorH11AbnfText from "./_oken/vendor/h11/_abnf.py" with { type: "text" };
import vendorH11ConnectionText from "./_oken/vendor/h11/_connection.py" with { type: "text" };
import vendorH11EventsText from "./_oken/vendor/h11/_events.py" with { type: "text" };
import vendorH11HeadersText from "./_oken/vendor/h11/_headers.py" with { type: "text" };
import vendorH11ReadersText from "./_oken/vendor/h11/_readers.py" with { type: "text" };
import vendorH11ReceivebufferText from "./_oken/vendor/h11/_receivebuffer.py" with { type: "text" };
import vendorH11StateText from "./_oken/vendor/h11/_state.py" with { type: "text" };
import vendorH11UtilText from "./_oken/vendor/h11/_util.py" with { type: "text" };
import vendorH11VersionText from "./_oken/vendor/h11/_version.py" with { type: "text" };
import vendorH11WritersText from "./_oken/vendor/h11/_writers.py" with { type: "text" };
import vendorUvicornLICENSEText from "./_oken/vendor/uvicorn/LICENSE.txt" with { type: "text" };
import vendorUvicornInitText from "./_oken/vendor/uvicorn/__init__.py" with { type: "text" };
import vendorUvicornTypesText from "./_oken/vendor/uvicorn/_types.py" with { type: "text" };
import vendorUvicornFlowControlText from "./_oken/vendor/uvicorn/flow_control.py" with { type: "text" };
import vendorUvicornH11ImplText from "./_oken/vendor/uvicorn/h11_impl.py" with { type: "text" };
import vendorUvicornLifespanText from "./_oken/vendor/uvicorn/lifespan.py" with { type: "text" };
import vendorUvicornServerText from "./_oken/vendor/uvicorn/server.py" with { type: "text" };
import vendorUvicornUtilsText from "./_oken/vendor/uvicorn/utils.py" with { type: "text" };
import vendorUvicornWsprotoImplText from "./_oken/vendor/uvicorn/wsproto_impl.py" with { type: "text" };
import vendorWsprotoLICENSEText from "./_oken/vendor/wsproto/LICENSE.txt" with { type: "text" };
import vendorWsprotoInitText from "./_oken/vendor/wsproto/__init__.py" with { type: "text" };
import vendorWsprotoConnectionText from "./_oken/vendor/wsproto/connection.py" with { type: "text" };
import vendorWsprotoEventsText from "./_oken/vendor/wsproto/events.py" with { type: "text" };
import vendorWsprotoExtensionsText from "./_oken/vendor/wsproto/extensions.py" with { type: "text" };
import vendorWsprotoFrameProtocolText from "./_oken/vendor/wsproto/frame_protocol.py" with { type: "text" };
import vendorWsprotoHandshakeText from "./_oken/vendor/wsproto/handshake.py" with { type: "text" };
import vendorWsprotoTypingText from "./_oken/vendor/wsproto/typing.py" with { type: "text" };
import vendorWsprotoUtilitiesText from "./_oken/vendor/wsproto/utilities.py" with { type: "text" };
import webText from "./_oken/web.py" with { type: "text" };
import workerText from "./_oken/worker.py" with { type: "text" };
import wsgiText from "./_oken/wsgi.py" with { type: "text" };
import mainText from "./main.py" with { type: "text" };
import unpackText from "./unpack.py" with { type: "text" };

/** Path below `/opt/oken/runtime/` to content. `main.py` is what the container starts. */
export const RUNTIME_FILES: Readonly<Record<string, string>> = {
  "_oken/__init__.py": initText,
  "_oken/applications.py": applicationsText,
  "_oken/asgi_server.py": asgiServerText,
  "_oken/capture.py": captureText,
  "_oken/connection.py": connectionText,
  "_oken/control.py": controlText,
  "_oken/dispatcher.py": dispatcherText,
  "_oken/drain.py": drainText,
  "_oken/encode.py": encodeText,
  "_oken/environment.py": environmentText,
  "_oken/exits.py": exitsText,
  "_oken/failures.py": failuresText,
  "_oken/following.py": followingText,
  "_oken/frames.py": framesText,
  "_oken/health.py": healthText,
  "_oken/hooks.py": hooksText,
  "_oken/http1.py": http1Text,
  "_oken/http_head.py": httpHeadText,
  "_oken/imports.py": importsText,
  "_oken/invocation.py": invocationText,
  "_oken/line_stream.py": lineStreamText,
  "_oken/link.py": linkText,
  "_oken/link_signal.py": linkSignalText,
  "_oken/logpipes.py": logpipesText,
  "_oken/logsink.py": logsinkText,
  "_oken/loop_answers.py": loopAnswersText,
  "_oken/loop_channel.py": loopChannelText,
  "_oken/loop_engine.py": loopEngineText,
  "_oken/main_engine.py": mainEngineText,
  "_oken/mcp_servers.py": mcpServersText,
  "_oken/negotiate.py": negotiateText,
  "_oken/outcome.py": outcomeText,
  "_oken/parent.py": parentText,
  "_oken/patches.py": patchesText,
  "_oken/probe.py": probeText,
  "_oken/replies.py": repliesText,
  "_oken/report.py": reportText,
  "_oken/request.py": requestText,
  "_oken/response.py": responseText,
  "_oken/serve.py": serveText,
  "_oken/serve_calls.py": serveCallsText,
  "_oken/servers.py": serversText,
  "_oken/signatures.py": signaturesText,
  "_oken/sockets.py": socketsText,
  "_oken/spawn.py": spawnText,
  "_oken/spec.py": specText,
  "_oken/supervisor.py": supervisorText,
  "_oken/tagging.py": taggingText,
  "_oken/target.py": targetText,
  "_oken/threads.py": threadsText,
  "_oken/vendor/__init__.py": vendorInitText,
  "_oken/vendor/h11/LICENSE.txt": vendorH11LICENSEText,
  "_oken/vendor/h11/__init__.py": vendorH11InitText,
  "_oken/vendor/h11/_abnf.py": vendorH11AbnfText,
  "_oken/vendor/h11/_connection.py": vendorH11ConnectionText,
  "_oken/vendor/h11/_events.py": vendorH11EventsText,
  "_oken/vendor/h11/_headers.py": vendorH11HeadersText,
  "_oken/vendor/h11/_readers.py": vendorH11ReadersText,
  "_oken/vendor/h11/_receivebuffer.py": vendorH11ReceivebufferText,
  "_oken/vendor/h11/_state.py": vendorH11StateText,
  "_oken/vendor/h11/_util.py": vendorH11UtilText,
  "_oken/vendor/h11/_version.py": vendorH11VersionText,
  "_oken/vendor/h11/_writers.py": vendorH11WritersText,
  "_oken/vendor/uvicorn/LICENSE.txt": vendorUvicornLICENSEText,
  "_oken/vendor/uvicorn/__init__.py": vendorUvicornInitText,
  "_oken/vendor/uvicorn/_types.py": vendorUvicornTypesText,
  "_oken/vendor/uvicorn/flow_control.py": vendorUvicornFlowControlText,
  "_oken/vendor/uvicorn/h11_impl.py": vendorUvicornH11ImplText,
  "_oken/vendor/uvicorn/lifespan.py": vendorUvicornLifespanText,
  "_oken/vendor/uvicorn/server.py": vendorUvicornServerText,
  "_oken/vendor/uvicorn/utils.py": vendorUvicornUtilsText,
  "_oken/vendor/uvicorn/wsproto_impl.py": vendorUvicornWsprotoImplText,
  "_oken/vendor/wsproto/LICENSE.txt": vendorWsprotoLICENSEText,
  "_oken/vendor/wsproto/__init__.py": vendorWsprotoInitText,
  "_oken/vendor/wsproto/connection.py": vendorWsprotoConnectionText,
  "_oken/vendor/wsproto/events.py": vendorWsprotoEventsText,
  "_oken/vendor/wsproto/extensions.py": vendorWsprotoExtensionsText,
  "_oken/vendor/wsproto/frame_protocol.py": vendorWsprotoFrameProtocolText,
  "_oken/vendor/wsproto/handshake.py": vendorWsprotoHandshakeText,
  "_oken/vendor/wsproto/typing.py": vendorWsprotoTypingText,
  "_oken/vendor/wsproto/utilities.py": vendorWsprotoUtilitiesText,
  "_oken/web.py": webText,
  "_oken/worker.py": workerText,
  "_oken/wsgi.py": wsgiText,
  "main.py": mainText,
};

/** What the build of an image reads: the program that writes the runtime's files, and those as one. */
export function runtimeContext(files: Readonly<Record<string, string>>) {
  return { "files.json": JSON.stringify(files), "unpack.py": unpackText };
}

export const RUNTIME_CONTEXT: Readonly<Record<string, string>> = runtimeContext(RUNTIME_FILES);

/** SHA-256, in hex, over names and contents: changes when anything in the runtime does. */
export const RUNTIME_DIGEST: string = digest(RUNTIME_CONTEXT);

function digest(files: Readonly<Record<string, string>>): string {
  const hash = createHash("sha256");
  for (const [name, text] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    // With lengths, so that no shift of bytes between name and content gives the same digest.
    hash.update(`${name.length}:${name}${text.length}:`).update(text);
  }
  return hash.digest("hex");
}
