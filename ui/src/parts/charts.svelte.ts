// The charts on the page that a region can be picked of, for the key that goes from one to the next.

let buttons = $state.raw<readonly HTMLElement[]>([]);
let known: readonly HTMLElement[] = buttons; // read without being watched: who writes must not depend on it

/** enlist makes a chart known by the button that picks a region of it, and returns how to take it off. */
export function enlist(button: HTMLElement): () => void {
  keep([...known, button].toSorted((a, b) => (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1)));
  return () => keep(known.filter((b) => b !== button));
}

function keep(list: readonly HTMLElement[]): void {
  known = list;
  buttons = list;
}

/** leads says whether a chart is the first on the page. Reactive. */
export function leads(button: HTMLElement | undefined): boolean {
  return buttons[0] === button && button !== undefined;
}

/** nextChart puts the focus on the chart after the one that has it. */
export function nextChart(): void {
  const at = known.findIndex((b) => b === document.activeElement);
  const next = known[(at + 1) % known.length];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
