import { RunnerError } from "../lib/errors.ts";
import { type Content, type ServedFile, addressOf, fileAnswer, prepareFile } from "./files.ts";

/** Allows nothing inline and nothing from another origin. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export type SiteSource = {
  /** The first part of the addresses of its files. */
  directory: string;
  files: ReadonlyMap<string, Content>;
  /** Addresses are relative, so that the page also works below a path of a proxy. */
  page: (addressFor: (name: string) => string) => string;
};

/** A page and its files, all of which come from the binary. */
export type Site = {
  page(request: Request): Response;
  /** Throws NOT_FOUND. */
  file(request: Request, address: string): Response;
};

export async function makeSite({ directory, files, page }: SiteSource): Promise<Site> {
  const prepared = await Promise.all(
    [...files].map(async ([name, content]) => {
      const file = await prepareFile(content);
      return { name, file, address: addressOf(name, file) };
    }),
  );
  const byAddress = new Map<string, ServedFile>(prepared.map(({ address, file }) => [address, file]));
  const addressFor = (name: string) =>
    `${directory}/${prepared.find((it) => it.name === name)?.address ?? ""}`;
  const html = await prepareFile({ type: "text/html; charset=utf-8", body: page(addressFor) });
  return {
    page: (request) => fileAnswer(request, html, { policy: POLICY, isNamedByContent: false }),
    file(request, address) {
      const file = byAddress.get(address);
      if (file !== undefined) return fileAnswer(request, file, { policy: POLICY, isNamedByContent: true });
      throw new RunnerError(
        "NOT_FOUND",
        `There is nothing at /${directory}/${address.slice(0, 200)}. See GET /docs.`,
      );
    },
  };
}
