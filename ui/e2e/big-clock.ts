import type { Page } from '@playwright/test';

/** Clock is what watch leaves in the page. */
interface Clock {
  reset: () => void;
  /** Milliseconds from navigation or the reader's last act until the page was whole; 0 until it has stayed so for a while. */
  took: () => number;
}

/** watch runs in the page, before anything else. A page is whole when no answer is awaited, no skeleton is in sight and every chart is drawn, one frame later. */
export function watch(): void {
  const calm = 200; // milliseconds without anything on its way
  let pending = 0;
  let began = 0;
  let whole = 0;
  const during = <A extends unknown[], R>(f: (...args: A) => Promise<R>) =>
    async function (this: unknown, ...args: A): Promise<R> {
      pending++;
      try {
        return await f.apply(this, args);
      } finally {
        pending--;
      }
    };
  window.fetch = during(window.fetch);
  Response.prototype.text = during(Response.prototype.text);
  Response.prototype.json = during(Response.prototype.json);
  for (const type of ['click', 'keydown', 'change']) {
    addEventListener(type, (e) => ([began, whole] = began < 0 ? [e.timeStamp, 0] : [began, whole]), { capture: true });
  }
  const inSight = (e: Element) => e.getBoundingClientRect().top < innerHeight;
  const drawn = () => [...document.querySelectorAll('[aria-label$="chart over time"]')].every((c) => c.firstElementChild);
  const ready = () => {
    const main = document.querySelector('main');
    return pending === 0 && main && ![...main.querySelectorAll('[aria-label="Loading"], [aria-busy="true"]')].some(inSight) && (main.textContent ?? '').trim().length > 20 && drawn();
  };
  let before = false;
  const frame = () => {
    const now = performance.now();
    if (before && !whole) whole = now;
    before = !!ready();
    if (!before) whole = 0;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const clock: Clock = {
    reset: () => ([began, whole] = [-1, 0]),
    took: () => (began >= 0 && whole && performance.now() - whole > calm ? whole - began : 0),
  };
  (window as unknown as { clock: Clock }).clock = clock;
}

/** settled waits until the page is whole and returns how long that took, in milliseconds. */
export async function settled(page: Page): Promise<number> {
  const took = await page.waitForFunction(() => (window as unknown as { clock?: Clock }).clock?.took() || false, undefined, { timeout: 20_000 });
  return (await took.jsonValue()) as number;
}

/** frames scrolls by so many pixels in each of so many frames, and tells how long those took. */
export async function frames(page: Page, step: number, count: number): Promise<{ perSecond: number; slow: number; longest: number; moved: number }> {
  return page.evaluate(
    ([step, count]) =>
      new Promise<{ perSecond: number; slow: number; longest: number; moved: number }>((done) => {
        const scroller = document.querySelector('[data-scroller]') as HTMLElement;
        const from = scroller.scrollTop;
        const took: number[] = [];
        let last = performance.now();
        const frame = (now: number) => {
          took.push(now - last);
          last = now;
          if (took.length <= count) {
            scroller.scrollTop += step;
            requestAnimationFrame(frame);
            return;
          }
          const real = took.slice(1);
          done({
            perSecond: (1000 * real.length) / real.reduce((a, b) => a + b, 0),
            slow: real.filter((t) => t > 20).length,
            longest: Math.max(...real),
            moved: scroller.scrollTop - from,
          });
        };
        requestAnimationFrame(frame);
      }),
    [step, count] as const,
  );
}
