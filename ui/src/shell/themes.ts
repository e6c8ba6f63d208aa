import type { Theme } from '../lib/theme.svelte';
import type { IconName } from '../parts/icons';

/** themes are the choices of the theme switch, in the order in which it turns. */
export const themes: { value: Theme; title: string; icon: IconName }[] = [
  { value: 'system', title: 'as the system', icon: 'machine' },
  { value: 'light', title: 'light', icon: 'sun' },
  { value: 'dark', title: 'dark', icon: 'moon' },
];
