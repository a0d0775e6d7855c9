/** Of a disk, unless the operator says otherwise: the rest is for what else is there. */
const DEFAULT_SHARE = 0.8;

/** The most bytes that the runner may have on a disk of so many; `chosen` is the operator's word. */
export function diskBudget(total: number, chosen: number | undefined): number {
  return chosen ?? Math.floor(total * DEFAULT_SHARE);
}
