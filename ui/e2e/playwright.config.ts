import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  outputDir: `${process.env.PICKET_OUT}/results`,
  preserveOutput: 'failures-only',
  reporter: [['line']],
  timeout: 90_000, // a busy machine is slow, and not wrong
  expect: { timeout: 15_000 },
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  projects: [
    { name: 'e2e', testMatch: '*.spec.ts' },
    { name: 'shots', testMatch: 'shots.ts' },
    { name: 'big', testMatch: 'big.ts' },
  ],
  use: {
    baseURL: process.env.PICKET_URL,
    viewport: { width: 1360, height: 850 },
    timezoneId: 'UTC',
    locale: 'en-GB',
    launchOptions: { executablePath: process.env.PICKET_CHROMIUM, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] },
  },
});
