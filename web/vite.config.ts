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

/** Of the compressed scripts and styles whose names begin so. */
function sizes(name: string): number {
  const found = files(DIST).filter((path) => path.endsWith(".gz") && path.includes(`/assets/${name}-`));
  return found.reduce((sum, path) => sum + statSync(path).size, 0);
}

/** Ends the build where the page grew beyond its budget. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    closeBundle() {
      let everything = 0;
      for (const path of files(DIST).filter((each) => TEXT.test(each))) {
        const content = readFileSync(path);
        const small = gzipSync(content, { level: 9 });
        everything += small.length;
        writeFileSync(`${path}.gz`, small);
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        if (/assets\/index-[^/]*\.js$/.test(path) && small.length > BUDGETS.entry) {
          throw new Error(`${path} has ${small.length} bytes; load what only some screens need later (budget ${BUDGETS.entry})`);
        }
      }
      const inbox = sizes("index") + sizes("Inbox");
      if (inbox > BUDGETS.inbox) throw new Error(`the inbox takes ${inbox} bytes; the budget is ${BUDGETS.inbox}`);
      if (everything > BUDGETS.everything) {
        throw new Error(`the page has ${everything} bytes; the budget is ${BUDGETS.everything}`);
      }
    },
  };
}

export default defineConfig({
  plugins: [svelte(), compressed()],
  build: { outDir: DIST, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
