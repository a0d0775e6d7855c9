import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";

/** Files of a certificate and its key, which `become` replaces by those of another name. */
export async function startCertificate(name: string) {
  const directory = await mkdtemp(join(tmpdir(), "oken-tls-"));
  const certFile = join(directory, "cert.pem");
  const keyFile = join(directory, "key.pem");
  const become = async (commonName: string) => {
    const made = await makeCertificate(directory, commonName);
    await writeFile(keyFile, made.key);
    await writeFile(certFile, made.cert);
  };
  await become(name);
  return {
    certFile,
    keyFile,
    env: { OKEN_TLS_CERT_FILE: certFile, OKEN_TLS_KEY_FILE: keyFile },
    become,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** The name in the certificate that a server shows. */
export async function nameShownAt(port: number): Promise<string> {
  const shown = Promise.withResolvers<string>();
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () =>
    shown.resolve(String(socket.getPeerCertificate().subject.CN)),
  );
  socket.on("error", shown.reject);
  return shown.promise.finally(() => socket.destroy());
}

async function makeCertificate(directory: string, name: string) {
  const [cert, key] = [join(directory, "new.crt"), join(directory, "new.key")];
  const openssl = Bun.spawn(
    [
      ...["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", `/CN=${name}`],
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", cert],
      ...["-addext", "subjectAltName=IP:127.0.0.1"],
    ],
    { stderr: "pipe" },
  );
  const [complaint, status] = await Promise.all([openssl.stderr.text(), openssl.exited]);
  if (status !== 0) throw new Error(complaint);
  return { cert: await readFile(cert), key: await readFile(key) };
}
