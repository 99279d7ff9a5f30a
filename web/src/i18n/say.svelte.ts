/** The words of the page in the person's language; a message that one of them lacks is a type error. */

import { en, type Messages } from "./en";
import { ru } from "./ru";

type Language = "en" | "ru";
const ALL: Record<Language, Messages> = { en, ru };
const KEPT = "omnihub-language";

function first(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "ru") return kept;
  return navigator.language.startsWith("ru") ? "ru" : "en";
}

class Say {
  language = $state<Language>(first());

  constructor() {
    document.documentElement.lang = this.language;
  }

  get t(): Messages {
    return ALL[this.language];
  }

  /** The other language, for the palette. */
  get other(): Messages {
    return ALL[this.language === "en" ? "ru" : "en"];
  }

  get locale(): string {
    return this.language === "ru" ? "ru-RU" : "en-GB";
  }

  speak(language: Language): void {
    this.language = language;
    localStorage.setItem(KEPT, language);
    document.documentElement.lang = language;
  }
}

export const say = new Say();
