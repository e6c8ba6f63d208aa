import { describe, expect, it } from 'vitest';
import { aboveOf, bodyOf, draftOf, shown, steps, type Config } from './upstream';

const config = {
  mode: 'forwarding', initialized: true, project: null, dsn: 'https://****cdef@h/1', customers: [], environment: null, release: '', sampleRate: 0.5, tracesSampleRate: 1,
  samplingRules: [], samplingPerMinute: 0, samplingCostUsd: 0, samplingDurationMs: 0, debug: false, maxBreadcrumbs: 100, sendDefaultPii: false, version: 3,
  updatedAt: null, updatedBy: null,
  inherited: ['customers', 'environment', 'debug', 'maxBreadcrumbs', 'sendDefaultPii', 'tracesSampleRate', 'samplingRules', 'samplingPerMinute', 'samplingCostUsd', 'samplingDurationMs'],
} as Config;

describe('a draft', () => {
  it('holds what is set, and nothing that is inherited', () => {
    expect(draftOf(config)).toEqual({ dsn: 'https://****cdef@h/1', release: '' });
  });
  it('is sent with null for what is inherited, without what other forms set, for its version', () => {
    expect(bodyOf(config, { dsn: '', maxBreadcrumbs: 5 })).toEqual({
      dsn: '', customers: null, environment: null, release: null, maxBreadcrumbs: 5, sendDefaultPii: null, debug: null, version: 3,
    });
  });
  it('knows what is above', () => {
    expect(aboveOf(config, undefined)).toMatchObject({ maxBreadcrumbs: 100, debug: false });
    expect(aboveOf(config, undefined)).not.toHaveProperty('dsn');
    expect(aboveOf(config, { ...config, environment: 'production' })).toHaveProperty('environment', 'production');
  });
});

describe('steps', () => {
  const states = (t: Parameters<typeof steps>[0]) => steps(t).map((s) => s.state).join(' ');
  const trial = { ok: false, eventId: null, status: null, latencyMs: 1, error: 'x' };
  it('wait before a trial', () => expect(states(undefined)).toBe('waiting waiting waiting waiting waiting waiting waiting'));
  it('end where it failed', () =>
    expect(states({ ...trial, stage: 'connect', passed: [{ stage: 'parse', latencyMs: 0 }, { stage: 'resolve', latencyMs: 2 }] })).toBe(
      'passed passed failed waiting waiting waiting waiting',
    ));
  it('pass over TLS where there is none', () =>
    expect(states({ ...trial, stage: 'auth', passed: [{ stage: 'parse', latencyMs: 0 }, { stage: 'resolve', latencyMs: 2 }, { stage: 'connect', latencyMs: 1 }] })).toBe(
      'passed passed passed skipped failed waiting waiting',
    ));
});

describe('shown', () => {
  it('writes values for people', () => expect([null, '', 'x', false, [1]].map(shown)).toEqual(['nothing', 'nothing', 'x', 'false', '[1]']));
});
