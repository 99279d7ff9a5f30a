/** Every command of the screens that are open: the keys, the palette and the list of keys all read this. */

import { untrack } from "svelte";

export interface Command {
  id: string;
  title: string;
  /** Also found by, in the palette: the other language's title. */
  also?: string;
  /** Physical key (`KeyboardEvent.code`), so that it is the same on a Russian layout. */
  code?: string;
  ctrl?: boolean;
  shift?: boolean;
  run: () => void;
}

type Source = () => Command[];

const SWITCH = "omnihub-keys";

class Commands {
  on = $state(localStorage.getItem(SWITCH) !== "off");
  #sources = $state<Source[]>([]);

  get all(): Command[] {
    return this.#sources.flatMap((source) => source());
  }

  /** Returns how to take them back. */
  add(source: Source): () => void {
    untrack(() => (this.#sources = [...this.#sources, source]));
    return () => untrack(() => (this.#sources = this.#sources.filter((each) => each !== source)));
  }

  turn(on: boolean): void {
    this.on = on;
    localStorage.setItem(SWITCH, on ? "on" : "off");
  }

  press = (event: KeyboardEvent): void => {
    const ctrl = event.ctrlKey || event.metaKey;
    // Alt and AltGr make letters on many layouts.
    if (event.defaultPrevented || event.isComposing || event.altKey || event.getModifierState("AltGraph")) return;
    if (!ctrl && (!this.on || isField(event.target))) return;
    if (document.querySelector("dialog[open]") && !ctrl) return;
    const found = this.all.find(
      (each) => each.code === event.code && Boolean(each.ctrl) === ctrl && Boolean(each.shift) === event.shiftKey,
    );
    if (!found) return;
    event.preventDefault();
    found.run();
  };
}

export function isField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target.isContentEditable || target.matches("textarea, select");
}

const NAMES: Record<string, string> = { Slash: "/", Enter: "⏎", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑" };

/** How a key is called on its cap. */
export function keyOf(command: Command): string {
  if (!command.code) return "";
  if (command.code === "Slash" && command.shift) return "?";
  const name = NAMES[command.code] ?? command.code.replace(/^(Key|Digit)/, "");
  return [command.ctrl ? "Ctrl" : "", command.shift ? "Shift" : "", name].filter(Boolean).join(" ");
}

export const commands = new Commands();
