import { Problem } from './api/client';

/** Loaded is what was asked for, as it comes in. */
export interface Loaded<T> {
  /** The latest answer; it stays while the next one is under way. */
  readonly data: T | undefined;
  /** What went wrong with the latest question. */
  readonly error: Problem | undefined;
  /** Whether a question is under way. */
  readonly busy: boolean;
  /** again asks once more and waits for the answer. */
  again(): Promise<void>;
  /** set puts an answer in place that came another way, such as from a PATCH. */
  set(data: T): void;
}

/**
 * load asks when the component starts, and again whenever something reactive changes that the
 * question read before its first await. An older question is called off. With every, it also
 * asks every so many milliseconds while the page is in sight, unless told not to. The question may return undefined
 * for "nothing to ask".
 */
export function load<T>(question: (signal: AbortSignal) => Promise<T> | undefined, every?: number, unless?: () => boolean): Loaded<T> {
  let data = $state.raw<T>();
  let error = $state.raw<Problem>();
  let busy = $state(true);
  let under: AbortController | undefined;

  function run(): Promise<void> {
    under?.abort();
    const mine = new AbortController();
    under = mine;
    const answer = question(mine.signal);
    if (!answer) {
      busy = false;
      return Promise.resolve();
    }
    busy = true;
    return answer.then(
      (got) => settle(mine, () => ((data = got), (error = undefined))),
      (err: unknown) => settle(mine, () => (error = whatever(err))),
    );
  }

  function settle(mine: AbortController, change: () => void): void {
    if (mine !== under || mine.signal.aborted) return;
    change();
    busy = false;
  }

  $effect(() => {
    void run();
    return () => under?.abort();
  });
  $effect(() => {
    if (!every) return;
    const timer = setInterval(() => document.visibilityState === 'visible' && !busy && !unless?.() && void run(), every);
    return () => clearInterval(timer);
  });

  return {
    get data() {
      return data;
    },
    get error() {
      return error;
    },
    get busy() {
      return busy;
    },
    again: run,
    set: (got) => (data = got),
  };
}

function whatever(err: unknown): Problem {
  return err instanceof Problem ? err : new Problem(0, 'Something broke in the page', String(err));
}
