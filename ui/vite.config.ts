import { rmSync, writeFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const out = '../internal/web/dist';

// Takes the build before away, but not the placeholder beside it, which git keeps for the embedding.
const sweep: Plugin = { name: 'sweep', apply: 'build', buildStart: () => rmSync(`${out}/assets`, { recursive: true, force: true }) };

// Compresses here, once and as well as can be: the server would need time and memory for it when it is asked.
const pack: Plugin = {
  name: 'pack',
  apply: 'build',
  writeBundle({ dir }, bundle) {
    for (const [name, file] of Object.entries(bundle)) {
      const plain = Buffer.from(file.type === 'chunk' ? file.code : file.source);
      if (!/^assets\/.*\.(js|css)$/.test(name) || plain.length < 1024) continue;
      writeFileSync(`${dir}/${name}.br`, brotliCompressSync(plain));
    }
  },
};

// What most pages share comes at once, so that a page is one file more: browsers ask for six at a time.
const groups = [
  { name: 'uplot', test: /uplot/, priority: 2 },
  { name: 'shared', test: /node_modules|\/src\/(parts|lib|shell)\/|plugin-svelte|vite\//, priority: 1 },
];

// The server that development and preview pass requests on to.
const server = process.env.PICKET_URL ?? 'http://127.0.0.1:3001';
const proxy = Object.fromEntries(['/api', '/sentry', '/openapi.json', '/docs'].map((path) => [path, server]));

export default defineConfig({
  base: './', // the server puts the path it is reached at in its place
  plugins: [svelte(), sweep, pack],
  build: { outDir: out, emptyOutDir: false, target: 'es2022', assetsInlineLimit: 0, rolldownOptions: { output: { codeSplitting: { groups } } } },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts'] },
});
