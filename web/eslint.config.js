/** Layers: routes do not know each other, only api/ talks to the hub. */

import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";

const ROUTES = ["inbox", "clients", "tasks", "calendar", "calls", "mailings", "money", "settings"];
const FETCHING = "only src/api talks to the hub";

export default ts.config(
  { ignores: ["src/api/schema.d.ts"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { files: ["**/*.svelte", "**/*.svelte.ts"], languageOptions: { parserOptions: { parser: ts.parser } } },
  {
    rules: {
      "no-undef": "off",
      "svelte/require-each-key": "error",
      "svelte/no-at-html-tags": "error",
      "svelte/no-navigation-without-resolve": "off",
      "svelte/prefer-svelte-reactivity": "off",
      "svelte/no-unused-svelte-ignore": "off",
      "no-unused-private-class-members": "off",
    },
  },
  {
    files: ["src/**"],
    ignores: ["src/api/**"],
    rules: {
      "no-restricted-globals": ["error", { name: "fetch", message: FETCHING }, { name: "EventSource", message: FETCHING }],
    },
  },
  ...ROUTES.map((route) => ({
    files: [`src/routes/${route}/**`],
    rules: {
      "no-restricted-imports": ["error", { patterns: ROUTES.filter((other) => other !== route).map((other) => `**/routes/${other}/**`).concat(ROUTES.filter((other) => other !== route).map((other) => `../${other}/*`)) }],
    },
  })),
  {
    files: ["src/*", "src/kit/**", "src/routes/inbox/**", "src/routes/calls/Ring.svelte"],
    rules: { "no-restricted-syntax": ["error", { selector: "MemberExpression[object.name='say'][property.name='more']", message: "these words are not there yet: say.t has those of the inbox and the frame" }] },
  },
  { files: ["src/kit/**"], rules: { "no-restricted-imports": ["error", { patterns: ["**/routes/**"] }] } },
);
