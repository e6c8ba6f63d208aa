// Keyboard shortcuts: each is a command, so that the palette and the help sheet know it too.

/** Command is something the reader can do by key or from the palette. */
export interface Command {
  /** Keys one after the other, such as "g i", "?" or "mod+k"; empty for the palette only. */
  keys: string;
  title: string;
  /** Heading in the help sheet. */
  group: string;
  run: () => void;
  /** Left out of the palette: for keys that mean nothing there, such as j and k. */
  keysOnly?: boolean;
}

let plain: Command[] = [];
let commands = $state.raw<Command[]>(plain);

function keep(list: Command[]): void {
  plain = list; // read without being watched, unlike commands
  commands = list;
}

/** allCommands returns what can be done here and now, the latest offered last. Reactive. */
export function allCommands(): Command[] {
  return commands;
}

/** provide offers commands for as long as the component that calls it lives. */
export function provide(list: () => Command[]): void {
  $effect(() => {
    const mine = list();
    keep([...plain, ...mine]);
    return () => keep(plain.filter((c) => !mine.includes(c)));
  });
}

const patience = 900; // milliseconds between the keys of one shortcut
let typed: string[] = [];
let last = 0;

/** press takes a key press and runs the command that it completes. */
export function press(e: KeyboardEvent): void {
  const name = keyName(e);
  if (!name || (busyElsewhere(e) && !name.startsWith('mod+'))) return;
  typed = e.timeStamp - last < patience ? [...typed, name] : [name];
  last = e.timeStamp;
  for (let from = 0; from < typed.length; from++) {
    const keys = typed.slice(from).join(' ');
    const command = plain.findLast((c) => c.keys.split(', ').includes(keys));
    if (!command) continue;
    e.preventDefault();
    typed = [];
    command.run();
    return;
  }
}

function keyName(e: KeyboardEvent): string {
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(e.key) || e.altKey || e.isComposing) return '';
  const key = e.key === ' ' ? 'space' : e.key.length === 1 ? e.key : e.key.toLowerCase();
  return e.metaKey || e.ctrlKey ? `mod+${key}` : key;
}

/** busyElsewhere says whether a key belongs to what has the focus. */
function busyElsewhere(e: KeyboardEvent): boolean {
  const t = e.target;
  if (!(t instanceof HTMLElement)) return false;
  if (t.closest('dialog[open]') || t.isContentEditable || t.matches('input:not([type=checkbox]), textarea, select')) return true;
  return (e.key === 'Enter' || e.key === ' ') && t.matches('a, button, summary, input');
}
