/** An index that a file of the upload may name: no quote, by which its line would become two. */
export function isIndexUrl(url: string): boolean {
  return /^https?:\/\/[^\s'"]+$/.test(url);
}

/** PyPI's own address, or its old one. */
function isPypi(url: string): boolean {
  return /^https:\/\/pypi\.(?:python\.)?org\/simple\/?$/.test(url);
}

/** A requirements file's lines for indexes besides PyPI, each once. Text that is no index is left out. */
export function extraIndexLines(urls: string[]): string[] {
  const extra = new Set(urls.filter((url) => isIndexUrl(url) && !isPypi(url)));
  return [...extra].map((url) => `--extra-index-url ${url}`);
}
