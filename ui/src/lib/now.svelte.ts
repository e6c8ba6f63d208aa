let now = $state(Date.now());
setInterval(() => (now = Date.now()), 10_000);

/** clockNow returns the time in milliseconds, reactive: it moves every ten seconds. */
export function clockNow(): number {
  return now;
}
