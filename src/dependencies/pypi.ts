/** PyPI's own address, or its old one. */
export function isPypi(url: string): boolean {
  return /^https:\/\/pypi\.(?:python\.)?org\/simple\/?$/.test(url);
}
