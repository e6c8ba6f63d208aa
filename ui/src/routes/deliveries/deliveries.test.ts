import { describe, expect, test } from 'vitest';
import { bodyOf, draftOf, type Settings } from './deliveries';

const settings: Settings = {
  webhookUrl: 'https://picket.example.com/sentry/webhook',
  webhookSecretSet: true,
  webhookSecretOwn: true,
  allowFrom: ['10.0.0.0/8', '192.0.2.1'],
  apiUrl: 'https://sentry.io',
  apiTokenSet: true,
  organization: 'acme',
  tells: true,
  version: 3,
  updatedAt: null,
  updatedBy: null,
};

describe('settings of webhooks', () => {
  test('a draft that nobody touched sends no secret', () => {
    expect(bodyOf(settings, draftOf(settings))).toEqual({ allowFrom: ['10.0.0.0/8', '192.0.2.1'], apiUrl: 'https://sentry.io', organization: 'acme', version: 3 });
  });
  test('what was typed is sent', () => {
    const draft = { ...draftOf(settings), webhookSecret: 's', apiToken: 't', allowFrom: ' 10.0.0.0/8,\n\n192.0.2.0/24 ', apiUrl: ' https://sentry.example.com ', organization: '' };
    expect(bodyOf(settings, draft)).toEqual({ webhookSecret: 's', apiToken: 't', allowFrom: ['10.0.0.0/8', '192.0.2.0/24'], apiUrl: 'https://sentry.example.com', organization: '', version: 3 });
  });
  test('what is not set is empty', () => {
    expect(draftOf({ ...settings, apiUrl: null, organization: null, allowFrom: [] })).toEqual({ webhookSecret: '', allowFrom: '', apiUrl: '', apiToken: '', organization: '' });
  });
});
