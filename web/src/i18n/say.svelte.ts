/** The words of the page in the person's language; a message that one of them lacks is a type error. */

import type { Messages } from "./en";

type Language = "en" | "ru";
const LOADS: Record<Language, () => Promise<Messages>> = {
  en: () => import("./en").then((found) => found.en),
  ru: () => import("./ru").then((found) => found.ru),
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

  /** Before anything is shown; the other language follows when there is time. */
  async start(): Promise<void> {
    document.documentElement.lang = this.language;
    await this.#load(this.language);
    setTimeout(() => void this.#load(this.#others), LATER);
  }

  get t(): Messages {
    return this.#loaded[this.language]!;
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

  get locale(): string {
    return this.language === "ru" ? "ru-RU" : "en-GB";
  }

  async speak(language: Language): Promise<void> {
    await this.#load(language);
    this.language = language;
    localStorage.setItem(KEPT, language);
    document.documentElement.lang = language;
  }
}

export const say = new Say();
