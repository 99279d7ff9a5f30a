/** The form of a word that goes with a number: 1 чат, 2 чата, 5 чатов. */

export function plural(locale: string, forms: { one: string; few?: string; other: string }): (count: number) => string {
  const rules = new Intl.PluralRules(locale);
  return (count) => {
    const form = rules.select(count);
    const words = form === "one" ? forms.one : form === "few" ? (forms.few ?? forms.other) : forms.other;
    return words.replace("#", new Intl.NumberFormat(locale).format(count));
  };
}
