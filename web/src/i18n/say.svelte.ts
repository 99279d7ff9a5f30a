/** The words of the page in the person's language; a message that one of them lacks is a type error. */

import { untrack } from "svelte";

import type { Messages } from "./en";
import type { More } from "./en.more";

type Language = "en" | "ru";
const LOADS: Record<Language, () => Promise<Messages>> = {
  en: () => import("./en").then((found) => found.en),
  ru: () => import("./ru").then((found) => found.ru),
};
const LOADS_MORE: Record<Language, () => Promise<More>> = {
  en: () => import("./en.more").then((found) => found.more),
  ru: () => import("./ru.more").then((found) => found.more),
};
const KEPT = "omnihub-language";
const LATER = 1_500;

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "ru") return kept;
  return navigator.language.startsWith("ru") ? "ru" : "en";
}

class Say {
  language = $state<Language>(first());
  #loaded = $state.raw<Partial<Record<Language, Messages>>>({});
  #further = $state.raw<Partial<Record<Language, More>>>({});

  /** Before anything is shown; the other language follows when there is time. */
  async start(): Promise<void> {
    document.documentElement.lang = this.language;
    await this.#load(this.language);
    setTimeout(() => void this.#load(this.#others), LATER);
  }

  get t(): Messages {
    return this.#loaded[this.language]!;
  }

  /** Of the screens that ask for it with `later`. */
  get more(): More {
    return this.#further[this.language]!;
  }

  /** A screen that is opened later, with its words; another language does not open it anew. */
  async later<T>(screen: Promise<T>): Promise<T> {
    const [found] = await Promise.all([screen, untrack(() => this.#loadMore(this.language))]);
    return found;
  }

  /** The other language, for the palette. */
  get other(): Messages {
    return this.#loaded[this.#others] ?? this.t;
  }

  get #others(): Language {
    return this.language === "en" ? "ru" : "en";
  }

  async #load(language: Language): Promise<void> {
    if (!this.#loaded[language]) this.#loaded = { ...this.#loaded, [language]: await LOADS[language]() };
  }

  async #loadMore(language: Language): Promise<void> {
    if (!this.#further[language]) this.#further = { ...this.#further, [language]: await LOADS_MORE[language]() };
  }

  get locale(): string {
    return this.language === "ru" ? "ru-RU" : "en-GB";
  }

  async speak(language: Language): Promise<void> {
    await Promise.all([this.#load(language), this.#loadMore(language)]);
    this.language = language;
    localStorage.setItem(KEPT, language);
    document.documentElement.lang = language;
  }
}

export const say = new Say();
