import { api, ask, Problem, type Schemas } from './api/client';
import { plural } from './format';
import { say } from './notice.svelte';

type Issue = Schemas['Issue'];

/** Change is what a PATCH of an issue may change. */
export type IssueChange = Omit<Schemas['IssueChangeBody'], '$schema'>;

const atOnce = 6; // requests under way together

/**
 * triage changes issues one by one and says what came of it, with an undo that puts status and
 * assignee back. It calls changed with every issue as the server has it afterwards.
 */
export async function triage(issues: readonly Issue[], change: IssueChange, changed: (issue: Issue) => void): Promise<void> {
  const done: Issue[] = [];
  const failed: string[] = [];
  const queue = [...issues];
  const work = async () => {
    for (let issue = queue.shift(); issue; issue = queue.shift()) {
      try {
        changed(await patch(issue.id, change));
        done.push(issue);
      } catch (err) {
        failed.push(err instanceof Problem ? err.message : String(err));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failed.length > 0) {
    say({ text: `${plural(failed.length, 'issue')} could not be changed: ${failed[0]}`, bad: true });
  } else if (done.length > 0) {
    say({ text: `${plural(done.length, 'issue')} ${verb(change)}`, undo: () => void back(done, change, changed) });
  }
}

function patch(id: string, body: IssueChange): Promise<Issue> {
  return ask(api.PATCH('/api/v1/issues/{id}', { params: { path: { id } }, body }));
}

async function back(issues: Issue[], change: IssueChange, changed: (issue: Issue) => void): Promise<void> {
  for (const was of issues) {
    const before = change.status ? { status: was.status } : { assignee: was.assignee ?? '' };
    try {
      changed(await patch(was.id, before));
    } catch (err) {
      say({ text: `Not undone: ${String(err)}`, bad: true });
      return;
    }
  }
}

function verb(change: IssueChange): string {
  if (change.status) return change.status === 'unresolved' ? 'open again' : change.status;
  return change.assignee ? `assigned to ${change.assignee}` : 'assigned to nobody';
}
