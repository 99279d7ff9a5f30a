/** What a form that is written down as data is made of. */

/** A field; `name` is the hub's own, so that its refusals stand where they belong. */
export interface FieldSpec {
  name: string;
  label: string;
  kind?: "text" | "password" | "email" | "number" | "area" | "check" | "choice" | "heading";
  choices?: readonly (readonly [string, string])[];
  hint?: string;
  placeholder?: string;
  required?: boolean;
}
export type Values = Record<string, string | boolean>;
