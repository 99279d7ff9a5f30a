/** Builds the workspace into the folder that the gateway serves; each file is also compressed beside itself. */

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const DIST = "../services/gateway/workspace/dist";
/** Bytes after gzip: what a person waits for before he sees a login, before he sees his inbox, and all there is. */
const BUDGETS = { entry: 45_000, inbox: 90_000, everything: 220_000 };
const TEXT = /\.(js|css|html|svg)$/;

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

interface Chunk {
  type: string;
  name?: string;
  code?: string;
  isEntry?: boolean;
  imports?: string[];
}

/** The scripts that these need before they run. */
function needed(bundle: Record<string, Chunk>, names: string[]): Set<string> {
  const found = new Set<string>();
  const look = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    for (const each of bundle[name]?.imports ?? []) look(each);
  };
  names.forEach(look);
  return found;
}

function size(bundle: Record<string, Chunk>, names: Set<string>): number {
  return [...names].reduce((sum, name) => sum + gzipSync(bundle[name]?.code ?? "", { level: 9 }).length, 0);
}

function within(what: keyof typeof BUDGETS, bytes: number): void {
  if (bytes > BUDGETS[what]) {
    throw new Error(`${what}: ${bytes} bytes; the budget is ${BUDGETS[what]}; load what only some screens need later`);
  }
  console.log(`${what}: ${bytes} of ${BUDGETS[what]} bytes`);
}

/** Ends the build where the page grew beyond its budget. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle(_, made) {
      const bundle = made as unknown as Record<string, Chunk>;
      const named = (...names: string[]) => Object.keys(bundle).filter((file) => names.includes(bundle[file]?.name ?? ""));
      const entry = Object.keys(bundle).filter((file) => bundle[file]?.isEntry);
      within("entry", size(bundle, needed(bundle, [...entry, ...named("ru")])));
      within("inbox", size(bundle, needed(bundle, [...entry, ...named("ru", "Inbox")])));
      let everything = 0;
      for (const path of files(DIST).filter((each) => TEXT.test(each))) {
        const content = readFileSync(path);
        const small = gzipSync(content, { level: 9 });
        everything += small.length;
        writeFileSync(`${path}.gz`, small);
        writeFileSync(`${path}.br`, brotliCompressSync(content));
      }
      within("everything", everything);
    },
  };
}

export default defineConfig({
  plugins: [svelte(), compressed()],
  build: { outDir: DIST, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
