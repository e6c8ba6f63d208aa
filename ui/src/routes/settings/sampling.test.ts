import { expect, test } from 'vitest';
import { bodyOf, draftOf, percent, why, type Config } from './sampling';

const config = {
  mode: 'forwarding', initialized: true, project: '1', version: 3, updatedAt: null, updatedBy: null,
  dsn: 'https://****cdef@o1.ingest.sentry.io/7', customers: [], environment: null, release: null, maxBreadcrumbs: 50, sendDefaultPii: false, debug: false,
  sampleRate: 1, tracesSampleRate: 0.1, samplingRules: [{ agent: 'billing', rate: 1 }], samplingPerMinute: 0, samplingCostUsd: 0, samplingDurationMs: 0,
  inherited: ['customers', 'environment', 'release', 'sendDefaultPii', 'debug', 'sampleRate', 'samplingPerMinute', 'samplingCostUsd', 'samplingDurationMs'],
} as Config;

test('a draft holds what is set here alone', () => {
  expect(draftOf(config)).toEqual({ tracesSampleRate: 0.1, samplingRules: [{ agent: 'billing', rate: 1 }] });
});

test('what is sent leaves out what other forms set, and inherits the rest', () => {
  expect(bodyOf(config, { tracesSampleRate: 0.5 })).toEqual({
    sampleRate: null, tracesSampleRate: 0.5, samplingRules: null, samplingPerMinute: null, samplingCostUsd: null, samplingDurationMs: null, version: 3,
  });
});

test('shares are told in per cent', () => {
  expect([0, 0.1, 0.29, 0.07, 1].map(percent)).toEqual([0, 10, 29, 7, 100]);
});

test('reasons are told in words', () => {
  expect(why('rate', 'kept')).not.toBe(why('rate', 'dropped'));
  expect(why('unheard of', 'kept')).toBe('unheard of');
});
