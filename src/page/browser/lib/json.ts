/** What the runner sent, which has the form that its schemas say: it checks that itself. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says which schema
export function parseAs<T>(text: string): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a copy of the schemas would be most of the page
  return JSON.parse(text) as T;
}
