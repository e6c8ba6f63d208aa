import { api, ask, Problem, type Schemas } from './api/client';
import { plural } from './format';
import { say } from './notice.svelte';

type Issue = Schemas['Issue'];

/** Change is what a PATCH of an issue may change. */
export type IssueChange = Omit<Schemas['IssueChangeBody'], '$schema'>;

const atOnce = 6; // requests under way together

/**
 * triage changes issues one by one and says what came of it, with an undo that puts status, substatus
 * and assignee back. It calls changed with every issue as the server has it afterwards.
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
        failed.push(text(err));
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
    try {
      changed(await patch(was.id, before(was, change)));
    } catch (err) {
      say({ text: `Not undone: ${text(err)}`, bad: true });
      return;
    }
  }
}

/** before is the change that takes a change back: a new issue is new again, and not ongoing as one that is opened by hand. */
export function before(was: Issue, change: IssueChange): IssueChange {
  if (!change.status) return { assignee: was.assignee ?? '' };
  const substatus = was.status === 'unresolved' ? was.substatus : null;
  return substatus ? { status: was.status, substatus: substatus as IssueChange['substatus'] } : { status: was.status };
}

/** staying is the issue that stays when issues are merged, unless somebody chooses another: the one with most events. */
export function staying(issues: readonly Issue[]): Issue | undefined {
  return [...issues].sort((a, b) => b.count - a.count || Number(b.id) - Number(a.id))[0];
}

/**
 * merge makes issues one and says so, with an undo that gives the others back. It calls done after either, with the
 * issue that stayed.
 */
export async function merge(ids: readonly string[], into: string, done: (issue: Issue) => void): Promise<void> {
  try {
    const got = await ask(api.POST('/api/v1/issues/merge', { body: { ids: [...ids], into } }));
    const children = got.children ?? [];
    done(got.issue);
    say({ text: `${plural(children.length, 'issue')} merged into ${got.issue.shortId}`, undo: () => void giveBack(got.issue, children, done) });
  } catch (err) {
    say({ text: `Not merged: ${text(err)}`, bad: true });
  }
}

/** giveBack makes issues that were merged into another ones of their own again, with an undo that merges them once more. */
export async function giveBack(from: Issue, ids: readonly string[], done: (issue: Issue) => void): Promise<void> {
  try {
    const got = await ask(api.POST('/api/v1/issues/{id}/unmerge', { params: { path: { id: from.id } }, body: { ids: [...ids] } }));
    done(got.issue);
    say({ text: `${plural(ids.length, 'issue')} given back by ${from.shortId}`, undo: () => void merge([from.id, ...ids], from.id, done) });
  } catch (err) {
    say({ text: `Not given back: ${text(err)}`, bad: true });
  }
}

function text(err: unknown): string {
  return err instanceof Problem ? err.message : String(err);
}

function verb(change: IssueChange): string {
  if (change.status) return change.status === 'unresolved' ? 'open again' : change.status;
  return change.assignee ? `assigned to ${change.assignee}` : 'assigned to nobody';
}
