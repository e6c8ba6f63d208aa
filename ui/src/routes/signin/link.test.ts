import { expect, test } from 'vitest';
import { linkOf } from './link';

test('only the address of a one-time link holds a token', () => {
  const f = (pathname: string, hash: string, want: string) => expect(linkOf({ pathname, hash })).toBe(want);
  f('/setup', '#pkl_abc', 'pkl_abc');
  f('/setup', '', '');
  f('/setup', '#go', '');
  f('/', '#pkl_abc', '');
});
