import { expect, test } from 'vitest';
import { snippets } from './snippets';

test('every snippet holds the DSN, and curl the address in it', () => {
  const f = (dsn: string, url: string) => {
    for (const s of snippets) expect(s.code(dsn), s.value).toContain(s.value === 'curl' ? url : dsn);
  };
  f('http://abc@127.0.0.1:3001/1', 'curl http://127.0.0.1:3001/api/1/store/ ');
  f('https://abc@host.example/picket/12', 'curl https://host.example/picket/api/12/store/ ');
});
