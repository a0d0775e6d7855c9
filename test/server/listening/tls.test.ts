import { expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";

import { readIdentification } from "../../../src/server/listening/tls.ts";
import { nameShownAt, startCertificate } from "../../helpers/certificate.ts";
import { eventually } from "../../helpers/eventually.ts";
import { startRawAgent } from "../../helpers/raw-http.ts";
import { agentIn } from "../../helpers/records.ts";
import { startServer } from "../../helpers/server.ts";

function read(files: { certFile: string; keyFile: string }): Promise<string> {
  return readIdentification(files).then(
    () => "usable",
    (error: unknown) => String(error),
  );
}

test("with a certificate the runner speaks HTTPS, and shows a new one without a restart", async () => {
  await using certificate = await startCertificate("first.example");
  await using server = await startServer(agentIn("running"), certificate.env);
  expect(server.url).toStartWith("https://127.0.0.1:");
  expect(await nameShownAt(server.port)).toBe("first.example");
  const trusted = { tls: { ca: await readFile(certificate.certFile, "utf8") } };
  expect((await fetch(`${server.url}/agents`, trusted)).status).toBe(200);

  await writeFile(certificate.keyFile, "half of a k");
  await eventually(() => expect(server.lines).toContainEqual(expect.objectContaining({ level: "error" })));
  expect(await nameShownAt(server.port)).toBe("first.example");

  await certificate.become("second.example");
  await eventually(async () => expect(await nameShownAt(server.port)).toBe("second.example"));
});

test("a new certificate is shown at once, whoever else has the socket, and nobody is refused meanwhile", async () => {
  await using certificate = await startCertificate("name-0.example");
  await using server = await startServer(agentIn("running"), certificate.env);
  // As a command has it between fork and exec.
  const holder = Bun.spawn(["sleep", "60"], { stdio: [null, null, null, (await server.socket()) ?? -1] });
  const over = new AbortController();
  const names = new Set<string>();
  const callers = Array.from({ length: 4 }, async () => {
    while (!over.signal.aborted) names.add(await nameShownAt(server.port));
  });
  try {
    for (const name of ["name-1.example", "name-2.example", "name-3.example"]) {
      await certificate.become(name);
      await Promise.all([server.renewCertificate(), server.renewCertificate()]);
      expect(await nameShownAt(server.port)).toBe(name);
    }
  } finally {
    over.abort();
    holder.kill();
  }
  await Promise.all(callers);
  expect(names).toContain("name-3.example");
});

test("an agent is told that it was called by HTTPS", async () => {
  await using certificate = await startCertificate("a.example");
  await using agent = await startRawAgent(certificate.env);
  const answer = await fetch(`https://127.0.0.1:${agent.port}/invoke/echo/a?b`, {
    tls: { ca: await readFile(certificate.certFile, "utf8") },
  });
  expect(await answer.text()).toBe("ok");
  expect(agent.requests.map(({ line }) => line)).toEqual(["GET /a?b HTTP/1.1"]);
  expect(agent.requests[0]?.headers).toContain("x-forwarded-proto: https");
});

test("plain HTTP is not answered there", async () => {
  await using certificate = await startCertificate("a.example");
  await using server = await startServer(agentIn("running"), certificate.env);
  await expect(fetch(server.url.replace("https", "http"))).rejects.toThrow();
});

test("files that are of no use stop the start with a sentence", async () => {
  await using one = await startCertificate("one.example");
  await using other = await startCertificate("other.example");
  const { certFile, keyFile } = one;
  expect(await read({ certFile, keyFile })).toBe("usable");
  expect(await read({ certFile, keyFile: other.keyFile })).toContain(
    `OKEN_TLS_KEY_FILE is "${other.keyFile}", but that is not the key of the certificate in "${certFile}".`,
  );
  expect(await read({ certFile: keyFile, keyFile })).toContain(
    `OKEN_TLS_CERT_FILE is "${keyFile}", but that is not a certificate in PEM.`,
  );
  expect(await read({ certFile, keyFile: certFile })).toContain("but that is not a private key in PEM.");
  expect(await read({ certFile: "/nowhere", keyFile })).toContain(
    'OKEN_TLS_CERT_FILE is "/nowhere", but ENOENT',
  );
});
