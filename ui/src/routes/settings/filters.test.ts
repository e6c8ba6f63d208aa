import { expect, test } from 'vitest';
import { bodyOf, draftOf, reasonOf, type Filters } from './filters';

const none: Filters = {
  project: null, messages: [], types: [], releases: [], transactions: [], crawlers: false, localhost: false, healthChecks: false, expressions: [],
  inherited: true, variables: [], failures: [], version: 0, updatedAt: null, updatedBy: null,
};

test('patterns are lines, and come back as they were', () => {
  const draft = draftOf({ ...none, messages: ['a*', 'b c'], crawlers: true, expressions: [{ name: 'x', when: 'true', off: true }] });
  expect(draft.messages).toBe('a*\nb c');
  expect(bodyOf(draft)).toEqual({
    messages: ['a*', 'b c'], types: [], releases: [], transactions: [], crawlers: true, localhost: false, healthChecks: false,
    expressions: [{ name: 'x', when: 'true', off: true }],
  });
});

test('empty lines and spaces around patterns are nothing', () => {
  expect(bodyOf({ ...draftOf(none), releases: '\n  a@1 \n\n' }).releases).toEqual(['a@1']);
});

test('a draft shares nothing with what it came from', () => {
  const from = { ...none, expressions: [{ name: 'x', when: 'true' }] };
  draftOf(from).expressions[0]!.name = 'y';
  expect(from.expressions[0]!.name).toBe('x');
});

test('reasons are told in words', () => {
  expect(reasonOf('expression:noise')).toBe('expression noise');
  expect(reasonOf('release-version')).toBe('release');
  expect(reasonOf('later')).toBe('later');
});
