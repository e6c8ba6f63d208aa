import type { Component } from 'svelte';
import type { IconName } from './parts/icons';

/** Params are the named parts of a page's path. */
export type Params = Record<string, string>;

/** Page is what a page's module exports: a component that takes the parts of the path, or nothing. */
export type Page = Component<{ params: Params }> | Component<Record<string, never>>;

/** Route is a page. */
export interface Route {
  /** Pattern of the path, such as /issues/:id. */
  path: string;
  title: string;
  /** Pages with an icon are in the navigation; give them a shortcut too. */
  icon?: IconName;
  /** Shortcut, such as "g i". */
  keys?: string;
  /** Group in the navigation. */
  group?: 'Watch' | 'Set up';
  load: () => Promise<{ default: Page }>;
}

/** routes lists every page, in the order of the navigation. To add one, write its folder and a line here. */
export const routes: Route[] = [
  { path: '/', title: 'Overview', icon: 'overview', keys: 'g o', group: 'Watch', load: () => import('./routes/overview/Page.svelte') },
  { path: '/issues', title: 'Issues', icon: 'issues', keys: 'g i', group: 'Watch', load: () => import('./routes/issues/Page.svelte') },
  { path: '/issues/:id', title: 'Issue', load: () => import('./routes/issue/Page.svelte') },
  { path: '/agents', title: 'Agents', icon: 'agents', keys: 'g a', group: 'Watch', load: () => import('./routes/agents/Page.svelte') },
  { path: '/agents/:id', title: 'Agent', load: () => import('./routes/agent/Page.svelte') },
  { path: '/executions', title: 'Executions', icon: 'executions', keys: 'g e', group: 'Watch', load: () => import('./routes/executions/Page.svelte') },
  { path: '/executions/:id', title: 'Execution', load: () => import('./routes/execution/Page.svelte') },
  { path: '/compare', title: 'Compare', icon: 'compare', keys: 'g c', group: 'Watch', load: () => import('./routes/compare/Page.svelte') },
  { path: '/conversations', title: 'Conversations', icon: 'conversations', keys: 'g v', group: 'Watch', load: () => import('./routes/conversations/Page.svelte') },
  { path: '/conversations/:id', title: 'Conversation', load: () => import('./routes/conversation/Page.svelte') },
  { path: '/cost', title: 'Cost', icon: 'cost', keys: 'g d', group: 'Watch', load: () => import('./routes/cost/Page.svelte') },
  { path: '/policies', title: 'Policies', icon: 'shield', keys: 'g p', group: 'Watch', load: () => import('./routes/policies/Page.svelte') },
  { path: '/policies/:name', title: 'Policy', load: () => import('./routes/policies/One.svelte') },
  { path: '/models', title: 'Models & prices', icon: 'model', keys: 'g m', group: 'Watch', load: () => import('./routes/models/Page.svelte') },
  { path: '/tail', title: 'Live tail', icon: 'tail', keys: 'g t', group: 'Watch', load: () => import('./routes/tail/Page.svelte') },
  { path: '/deliveries', title: 'Webhooks', icon: 'link', keys: 'g w', group: 'Set up', load: () => import('./routes/deliveries/Page.svelte') },
  { path: '/settings', title: 'Settings', icon: 'settings', keys: 'g s', group: 'Set up', load: () => import('./routes/settings/Page.svelte') },
  { path: '/setup', title: 'Set up', icon: 'setup', keys: 'g u', group: 'Set up', load: () => import('./routes/setup/Page.svelte') },
];
