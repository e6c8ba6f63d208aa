import type { Component } from 'svelte';
import Account from './Account.svelte';
import Discards from './Discards.svelte';
import Filters from './Filters.svelte';
import Projects from './Projects.svelte';
import Rules from './Rules.svelte';
import Sampling from './Sampling.svelte';
import Server from './Server.svelte';
import Tokens from './Tokens.svelte';
import Upstream from './Upstream.svelte';

/** Section is a part of the settings, with its documentation beside it. */
export interface Section {
  /** Value of the tab in the address. */
  value: string;
  title: string;
  view: Component;
  about: readonly string[];
  flags?: readonly (readonly [flag: string, says: string])[];
}

/** sections lists every part of the settings. To add one, write its component and an entry here. */
export const sections: readonly [Section, ...Section[]] = [
  {
    value: 'projects',
    title: 'Projects and keys',
    view: Projects,
    about: [
      'A project is what one application reports to. Its name stands in short ids of issues.',
      'Give an SDK the DSN of a key. The key in it only lets events in: it reads nothing, and may stand in the code of a web page.',
    ],
    flags: [['--public-url', 'how clients reach this server: it stands in every DSN']],
  },
  {
    value: 'upstream',
    title: 'Upstream',
    view: Upstream,
    about: [
      'Picket can stand in front of a Sentry that you keep: what is left after scrubbing, filters and sampling is stored here and forwarded there.',
      'What is saved holds at once, without a restart. A project inherits from the organization what it does not set itself, and the organization from the server’s flags.',
      'DSNs are sealed in the database and shown masked; a mask that is left as it is keeps the DSN. To switch forwarding off, empty the field.',
      'A test event goes the whole way and is of a fault of its own, level info, with the tag picket.test.',
      'What an upstream does not take waits on the disk, in order, and survives restarts; the oldest goes first when there is too much of it, and is counted under Discards.',
    ],
    flags: [
      ['--upstream-dsn', 'where everybody forwards to who sets no other; SENTRY_DSN is understood too'],
      ['--allow-outbound 10.0.0.0/8', 'lets Picket call an upstream in a network of your own'],
      ['--outbox-bytes 1GiB', 'most that waits for upstreams'],
      ['--outbox-age 3d', 'how long it waits at most'],
    ],
  },
  {
    value: 'outcome',
    title: 'Rules of outcome',
    view: Rules,
    about: [
      'An execution that ended without an error has failed when one of these rules says so. They are asked in this order, and the first that fires names the failure.',
      'What was judged before a rule was switched off stays as it was judged, unless more of it arrives.',
    ],
    flags: [['--without-rules a,b', 'switches rules off']],
  },
  {
    value: 'sampling',
    title: 'Sampling',
    view: Sampling,
    about: [
      'Everything is counted before it is sampled: executions, issues, users and costs are exact at any rate. What is left out is the payload, and it is not forwarded.',
      'Executions that failed, violated a policy, went in circles, met a typed error or cost or lasted unusually much are always kept, with everything in their traces; so are errors of executions and the first event of an issue.',
      'The rest is kept by the first rule that matches, else by the share of traces, and within the budget. All pieces of a trace go the same way, in every project. Logs, sessions, check-ins and feedback are never sampled.',
    ],
  },
  {
    value: 'filters',
    title: 'Filters',
    view: Filters,
    about: [
      'What a filter takes is neither stored nor forwarded, and its attachments and spans go with it. It is counted under Discards, by the filter’s name.',
      'Patterns are of the whole text: * is any run of characters, ? one, [a-z] one of a set and {a,b} either. Case does not matter.',
      'A project with filters of its own has none of its organization’s. Logs, sessions and check-ins are never filtered.',
      'An expression that cannot be worked out for an event filters nothing; how often that happens is shown here.',
    ],
  },
  {
    value: 'discards',
    title: 'Discards',
    view: Discards,
    about: [
      'What the server refused, and what SDKs say they dropped before sending, in the time range above.',
      'Sampling and rate limits are choices; what is invalid or too large is worth a look.',
    ],
  },
  {
    value: 'server',
    title: 'Scrubbing, retention, prices',
    view: Server,
    about: ['These are set when the server starts, by flag or in the environment: --retention is PICKET_RETENTION there.'],
  },
  {
    value: 'tokens',
    title: 'API tokens',
    view: Tokens,
    about: [
      'A token lets a program ask the API: send its secret as Authorization: Bearer. It may do what its scopes say and nothing else.',
      'Picket keeps only a hash of the secret. Revoke what you do not need, or what was seen by others.',
    ],
  },
  {
    value: 'account',
    title: 'Account',
    view: Account,
    about: [
      'A session ends after 7 days without use, after 30 days, or when you sign out.',
      'Changing the password ends all your other sessions. A password that was forgotten is set again by a link that picket user link --email prints on the server.',
    ],
  },
];
