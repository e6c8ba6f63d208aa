import { rmSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const out = '../internal/web/dist';

// Takes the build before away, but not the placeholder beside it, which git keeps for the embedding.
const sweep: Plugin = { name: 'sweep', apply: 'build', buildStart: () => rmSync(`${out}/assets`, { recursive: true, force: true }) };

// The server that development and preview pass requests on to.
const server = process.env.PICKET_URL ?? 'http://127.0.0.1:3001';
const proxy = Object.fromEntries(['/api', '/sentry', '/openapi.json', '/docs'].map((path) => [path, server]));

export default defineConfig({
  base: './', // the server puts the path it is reached at in its place
  plugins: [svelte(), sweep],
  build: { outDir: out, emptyOutDir: false, target: 'es2022', assetsInlineLimit: 0 },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts'] },
});
