// Listening to what comes in, and the rows of the live tail.
import { api } from './api/client';
import { at } from './base';
import { Inbox, rowOf, type Row, type Said } from './tail';

/** Line is how it stands with the connection. */
export type Line = 'opening' | 'open' | 'broken';

/** Listener is who hears a stream. */
export interface Listener {
  said: (name: 'event' | 'execution' | 'dropped', data: string) => void;
  line?: (line: Line) => void;
}

const patience = [2_000, 5_000, 15_000, 30_000] as const; // milliseconds before asking again where we were refused

/** listen opens the stream and keeps it open, until the function that it returns is called. */
export function listen(query: URLSearchParams, to: Listener): () => void {
  let source: EventSource;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;

  function open(): void {
    source = new EventSource(at(`/api/v1/tail?${query.toString()}`));
    source.onopen = () => {
      tries = 0;
      to.line?.('open');
    };
    source.onerror = () => {
      to.line?.('broken');
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      // Refused: perhaps the session has ended, which any answer of the API tells the pages.
      void api.GET('/api/v1/projects').catch(() => {});
      timer = setTimeout(open, patience[Math.min(tries++, patience.length - 1)]);
    };
    for (const name of ['event', 'execution', 'dropped'] as const) {
      source.addEventListener(name, (e) => to.said(name, (e as MessageEvent<string>).data));
    }
  }

  open();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

/** whileSeen calls open when the page comes into sight and what that returned when it goes: a browser has few connections. */
export function whileSeen(open: () => () => void): () => void {
  let close: (() => void) | undefined;
  const look = () => {
    if (document.visibilityState === 'visible') close ??= open();
    else {
      close?.();
      close = undefined;
    }
  };
  look();
  document.addEventListener('visibilitychange', look);
  return () => {
    document.removeEventListener('visibilitychange', look);
    close?.();
  };
}

const most = 2_000; // rows kept, and as many that wait

/** Tail is the rows of the live tail. What comes waits for the next frame, or until nobody holds it. */
export class Tail {
  /** The latest first; undefined until the stream is open. */
  rows = $state.raw<Row[]>();
  /** How many wait to be shown. */
  waiting = $state(0);
  /** Of those that came while it was held, how many are lost to this page. */
  lost = $state(0);
  /** How many the server left out, because they were too many for us to take. */
  dropped = $state(0);
  line = $state<Line>('opening');

  private inbox = new Inbox<Said>(most);
  private next = 0;
  private frame = 0;
  private held = false;

  /** follow begins to listen anew, and returns how to end it. Call it from an effect that reads the query. */
  follow(query: URLSearchParams): () => void {
    this.inbox.take();
    this.rows = undefined; // nothing is read here: whose effect it is would run for ever
    this.waiting = this.lost = this.dropped = 0;
    this.line = 'opening';
    const end = listen(query, { said: (name, data) => this.hear(name, data), line: (line) => this.turn(line) });
    return () => {
      end();
      cancelAnimationFrame(this.frame);
      this.frame = 0;
    };
  }

  /** hold keeps the rows as they are, or lets what waits in. */
  hold(held: boolean): void {
    this.held = held;
    this.soon();
  }

  /** clear takes all rows away. */
  clear(): void {
    this.inbox.take();
    this.rows = this.rows && [];
    this.waiting = this.lost = 0;
  }

  private hear(name: 'event' | 'execution' | 'dropped', data: string): void {
    if (name === 'dropped') this.dropped += (JSON.parse(data) as { count: number }).count;
    else this.put({ name, data });
  }

  private turn(line: Line): void {
    if (line === 'broken' && this.line === 'open') this.put({ name: 'gap', data: JSON.stringify(new Date().toISOString()) });
    if (line === 'open') this.rows ??= [];
    this.line = line;
  }

  private put(said: Said): void {
    this.inbox.put(said);
    this.soon();
  }

  private soon(): void {
    this.frame ||= requestAnimationFrame(() => this.show());
  }

  private show(): void {
    this.frame = 0;
    this.lost = this.held ? this.inbox.lost : 0;
    if (!this.held) {
      const came = this.inbox.take();
      this.next += came.length;
      const rows = came.map((said, i) => rowOf(said, this.next - i)).filter((row) => row !== null);
      if (rows.length > 0) this.rows = [...rows, ...(this.rows ?? [])].slice(0, most);
    }
    this.waiting = this.inbox.size;
  }
}
