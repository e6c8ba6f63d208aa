import { dash, money } from '../../lib/format';

/** told writes a cost: a dash where it is not counted, unpriced where no price is known. */
export function told(usd: number | null, nanos: number | null): string {
  return nanos === null ? dash : money(usd === null ? null : nanos);
}
