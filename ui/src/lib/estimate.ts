import type { Schemas } from './api/client';
import { count, share } from './format';

/** estimate says what numbers stand on that are extrapolated, since SDKs sent a part only. */
export function estimate(of: Schemas['Estimated']): string {
  const bad = of.failedExecutions;
  return (
    `Estimated: SDKs sent ${share(of.sampleRate)} of the executions. There were probably between ${count(of.low)} and ${count(of.high)}; ` +
    `${count(bad.low)} to ${count(bad.high)} of them went wrong, a rate between ${share(of.errorRateLow)} and ${share(of.errorRateHigh)}.`
  );
}
