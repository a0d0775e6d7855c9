import { areaPath, linePath } from "../lib/sparkline.ts";

const BOX = { width: 120, height: 26 };

/** The calls of the last hour, and among them those that failed. */
export function Sparkline({ requests, errors }: { requests: readonly number[]; errors: readonly number[] }) {
  const total = requests.reduce((sum, count) => sum + count, 0);
  const failed = errors.reduce((sum, count) => sum + count, 0);
  const highest = Math.max(1, ...requests);
  const label =
    total === 0 ? "No calls in the last hour" : `${total} calls in the last hour, ${failed} failed`;
  return (
    <svg
      class="sparkline"
      viewBox={`0 -1 ${BOX.width} ${BOX.height + 2}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {total === 0 ? (
        <path class="spark-none" d={`M0 ${BOX.height}H${BOX.width}`} />
      ) : (
        <>
          <path class="spark-area" d={areaPath(requests, BOX, highest)} />
          <path class="spark-line" d={linePath(requests, BOX, highest)} />
          {failed > 0 && <path class="spark-errors" d={areaPath(errors, BOX, highest)} />}
        </>
      )}
    </svg>
  );
}
