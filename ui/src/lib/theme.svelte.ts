/** Theme is the reader's wish; system follows the machine. */
export type Theme = 'system' | 'light' | 'dark';

const key = 'picket.theme';
const machine = matchMedia('(prefers-color-scheme: dark)');

let wish = $state<Theme>(stored());
let dark = $state(machine.matches);
machine.addEventListener('change', (e) => {
  dark = e.matches;
  apply();
});

function stored(): Theme {
  const s = localStorage.getItem(key);
  return s === 'light' || s === 'dark' ? s : 'system';
}

function apply(): void {
  document.documentElement.dataset.theme = shown();
}

/** shown returns the theme in use, reactive. */
export function shown(): 'light' | 'dark' {
  return wish === 'system' ? (dark ? 'dark' : 'light') : wish;
}

/** wished returns what the reader chose, reactive. */
export function wished(): Theme {
  return wish;
}

/** choose sets and remembers the theme. */
export function choose(theme: Theme): void {
  wish = theme;
  if (theme === 'system') localStorage.removeItem(key);
  else localStorage.setItem(key, theme);
  apply();
}

apply();
