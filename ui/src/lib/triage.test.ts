import { expect, test } from 'vitest';
import type { Schemas } from './api/client';
import { before, staying } from './triage';

type Issue = Schemas['Issue'];
const issue = (of: Partial<Issue>) => ({ id: '1', status: 'unresolved', substatus: 'new', assignee: null, count: 1, ...of }) as Issue;

test('an undo gives back what was', () => {
  expect(before(issue({}), { status: 'resolved' })).toEqual({ status: 'unresolved', substatus: 'new' });
  expect(before(issue({ substatus: 'regressed' }), { status: 'archived' })).toEqual({ status: 'unresolved', substatus: 'regressed' });
  expect(before(issue({ status: 'archived', substatus: null }), { status: 'unresolved' })).toEqual({ status: 'archived' });
  expect(before(issue({ assignee: 'ann' }), { assignee: 'bob' })).toEqual({ assignee: 'ann' });
  expect(before(issue({}), { assignee: 'bob' })).toEqual({ assignee: '' });
});

test('the issue with most events stays, of equals the younger', () => {
  expect(staying([issue({ id: '9', count: 2 }), issue({ id: '2', count: 7 })])?.id).toBe('2');
  expect(staying([issue({ id: '9' }), issue({ id: '10' })])?.id).toBe('10');
  expect(staying([])).toBeUndefined();
});
