import { expect, test } from 'vitest';
import { baseOf, inside } from './base';

test('the base is what the server wrote into the first page', () => {
  const f = (said: string | null, want: string) => expect(baseOf(said)).toBe(want);
  f(null, '');
  f('./', ''); // not served by Picket: development
  f('/', '');
  f('/picket/', '/picket');
  f('/a/b/', '/a/b');
});

test('a path is that of a page, whatever stands before it', () => {
  const f = (pathname: string, under: string, want: string) => expect(inside(pathname, under)).toBe(want);
  f('/issues', '', '/issues');
  f('/', '', '/');
  f('/picket/issues/A-1', '/picket', '/issues/A-1');
  f('/picket/', '/picket', '/');
  f('/picket', '/picket', '/');
  f('/issues', '/picket', '/issues');
  f('/pickets', '/picket', '/pickets');
});
