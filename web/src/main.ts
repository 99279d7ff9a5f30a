/** Starts the workspace. */

import { mount } from "svelte";

import App from "./App.svelte";
import { say } from "./i18n/say.svelte";
import "./tokens.css";
import "./base.css";

await say.start();
mount(App, { target: document.getElementById("app")! });
