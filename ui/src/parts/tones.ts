/** Tone says how bad something is. */
export type Tone = 'plain' | 'bad' | 'warn' | 'good' | 'info';

/** levelTone returns the tone of an event's level. */
export function levelTone(level: string): Tone {
  if (level === 'error' || level === 'fatal') return 'bad';
  if (level === 'warning') return 'warn';
  return level === 'info' ? 'info' : 'plain';
}

/** substatusTone returns the tone of an issue's status or substatus. */
export function substatusTone(status: string): Tone {
  const tones: Record<string, Tone> = { new: 'info', regressed: 'bad', escalating: 'bad', resolved: 'good', archived: 'plain' };
  return tones[status] ?? 'plain';
}

/** outcomeTone returns the tone of an execution's outcome. */
export function outcomeTone(outcome: string): Tone {
  const tones: Record<string, Tone> = { ok: 'good', error: 'bad', failed: 'warn', running: 'info' };
  return tones[outcome] ?? 'plain';
}
