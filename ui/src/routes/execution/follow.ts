import { listen, whileSeen } from '../../lib/tail.svelte';

const gather = 400; // milliseconds in which what comes in counts as one
const often = 10_000; // milliseconds after which we look anyway: spans without a name of their execution are not told

/** follow calls came when something of a running execution has come in, until the function that it returns is called. */
export function follow(execution: string, came: () => void): () => void {
  const query = new URLSearchParams({ executionId: execution, running: 'true', transactions: 'true' });
  return whileSeen(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const now = () => {
      timer = undefined;
      came();
    };
    const close = listen(query, { said: () => (timer ??= setTimeout(now, gather)) });
    const look = setInterval(came, often);
    return () => {
      clearTimeout(timer);
      clearInterval(look);
      close();
    };
  });
}
