import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";

import { messageOf } from "../../lib/errors.ts";
import { StartError } from "../../lib/start-error.ts";

/** Paths of PEM files. */
export type TlsSettings = { certFile: string; keyFile: string };

/** What a server shows of itself, as text. */
export type Identification = { cert: string; key: string };

/** Throws StartError for files that cannot be used, or do not belong together. */
export async function readIdentification({ certFile, keyFile }: TlsSettings): Promise<Identification> {
  const cert = await usable(["OKEN_TLS_CERT_FILE", certFile], "a certificate in PEM", (text) => {
    return new X509Certificate(text);
  });
  const key = await usable(["OKEN_TLS_KEY_FILE", keyFile], "a private key in PEM", (text) => {
    return createPrivateKey(text);
  });
  if (!cert.value.checkPrivateKey(key.value))
    throw new StartError(
      `OKEN_TLS_KEY_FILE is ${JSON.stringify(keyFile)}, but that is not the key of the certificate in ${JSON.stringify(certFile)}.`,
    );
  return { cert: cert.text, key: key.text };
}

async function usable<T>(
  [variable, path]: [variable: string, path: string],
  what: string,
  parse: (text: string) => T,
): Promise<{ text: string; value: T }> {
  const shown = `${variable} is ${JSON.stringify(path)}`;
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new StartError(`${shown}, but ${messageOf(error)}.`);
  });
  try {
    return { text, value: parse(text) };
  } catch {
    throw new StartError(`${shown}, but that is not ${what}.`);
  }
}
