/** Notice is a line that says what was done, and how to take it back. */
export interface Notice {
  text: string;
  bad?: boolean;
  undo?: () => void;
}

const stays = 7000; // milliseconds

let current = $state.raw<Notice>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** notice returns what is to be said now, reactive. */
export function notice(): Notice | undefined {
  return current;
}

/** say shows a notice in place of the one before; undefined takes it away. */
export function say(n: Notice | undefined): void {
  clearTimeout(timer);
  current = n;
  if (n) timer = setTimeout(() => (current = undefined), stays);
}
