// Who the reader is, and what the server says when that changes.
import { api, ask, type Schemas } from '../../lib/api/client';

let known = $state.raw<Schemas['Account']>();

/** account returns who the reader is, reactive; undefined until the server has said so. */
export function account(): Schemas['Account'] | undefined {
  return known;
}

/** become takes the server's word for who the reader is now. */
export function become(who: Schemas['Account']): void {
  known = who;
}

/** know asks the server who the reader is. */
export async function know(): Promise<void> {
  known = await ask(api.GET('/api/v1/session'));
}

// A session may end while a page is open: whatever is refused for that makes us ask again.
api.use({
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && schemaPath !== '/api/v1/session' && schemaPath !== '/api/v1/setup' && known?.signedIn) void know();
  },
});
