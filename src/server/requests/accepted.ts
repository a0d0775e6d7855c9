/** The first of these media types that the caller asked for by name, the dearest to it; undefined if none. */
export function acceptedType<T extends string>(request: Request, types: readonly T[]): T | undefined {
  const wanted = (request.headers.get("accept") ?? "")
    .split(",")
    .map((range) => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const quality = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return { type, quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((one, other) => other.quality - one.quality);
  for (const { type } of wanted) {
    const known = types.find((name) => name === type);
    if (known !== undefined) return known;
  }
  return undefined;
}

/** Whether the caller takes a body that is compressed by gzip. */
export function acceptsGzip({ headers }: Request): boolean {
  const codings = headers.get("accept-encoding")?.toLowerCase().split(",") ?? [];
  return codings.some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$)|$)/.test(coding));
}
