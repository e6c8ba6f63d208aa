import { expect, test } from 'vitest';
import { fetchPage, fetchRest, find } from './ahead';

function fleet() {
  const asked: string[] = [];
  const routes = ['/', '/issues', '/issues/:id', '/broken'].map((path) => ({
    path,
    load: () => (asked.push(path), path === '/broken' ? Promise.reject(new Error('gone')) : Promise.resolve()),
  }));
  return { asked, routes };
}

test('the page of a path is found, and fetched', async () => {
  const { asked, routes } = fleet();
  expect(find(routes, '/issues/A-1')).toMatchObject({ route: { path: '/issues/:id' }, params: { id: 'A-1' } });
  expect(find(routes, '/nowhere')).toBeUndefined();
  for (const path of ['/issues/A-1', '/nowhere', '/broken']) fetchPage(routes, path);
  await Promise.resolve();
  expect(asked).toEqual(['/issues/:id', '/broken']);
});

test('the rest is fetched one by one, past what does not load, until it is stopped', async () => {
  const { asked, routes } = fleet();
  const waiting: (() => void)[] = [];
  const step = async () => {
    waiting.shift()?.();
    await new Promise(setImmediate);
  };
  fetchRest(routes, (work) => waiting.push(work));
  expect(asked).toEqual([]);
  await step();
  expect(asked).toEqual(['/']);
  while (waiting.length > 0) await step();
  expect(asked).toEqual(['/', '/issues', '/issues/:id', '/broken']);

  asked.length = 0;
  const stop = fetchRest(routes, (work) => waiting.push(work));
  await step();
  stop();
  while (waiting.length > 0) await step();
  expect(asked).toEqual(['/']);
});
