import { at } from '../base';
import createClient, { type FetchResponse } from 'openapi-fetch';
import type { components, paths } from './schema';

/** Schemas are the types of our OpenAPI by name. */
export type Schemas = components['schemas'];

/** api asks this server; every path, parameter and answer has the type that the OpenAPI gives it. */
export const api = createClient<paths>({
  baseUrl: at('/'),
  querySerializer: { array: { style: 'form', explode: true } },
});

/** Problem is an answer that was no success (RFC 9457), or that never came: then its status is 0. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
  }

  /** Whether trying the same again may help. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** ask waits for an answer and returns what it holds; it throws a Problem for everything else. */
export async function ask<T extends Record<string | number, unknown>, O, M extends `${string}/${string}`>(
  answer: Promise<FetchResponse<T, O, M>>,
): Promise<NonNullable<FetchResponse<T, O, M>['data']>> {
  let got: FetchResponse<T, O, M>;
  try {
    got = await answer;
  } catch (err) {
    if (err instanceof DOMException && err.name === 'AbortError') throw err;
    throw new Problem(0, 'No answer', 'The server does not answer. It may be restarting, or the network is down.');
  }
  if (got.response.ok && got.data !== undefined) return got.data as NonNullable<FetchResponse<T, O, M>['data']>;
  throw problem(got.response, got.error);
}

function problem(response: Response, body: unknown): Problem {
  const b = (body ?? {}) as { title?: unknown; detail?: unknown };
  const text = (v: unknown) => (typeof v === 'string' ? v : '');
  return new Problem(response.status, text(b.title) || response.statusText || `Status ${response.status}`, text(b.detail));
}
