/** Passkeys: what the hub asks for goes to the browser, what the browser made goes back. */

import { given, hub } from "./hub";

export const passkeysWork = typeof PublicKeyCredential !== "undefined" && "parseRequestOptionsFromJSON" in PublicKeyCredential;

/** One more passkey, with the password as proof; recovery codes where it is the first factor. */
export async function addPasskey(password: string, name: string): Promise<readonly string[]> {
  const begun = given(await hub.POST("/api/v1/me/passkeys/begin", { body: { password } }));
  const options = begun.options as unknown as PublicKeyCredentialCreationOptionsJSON;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const made = credential.toJSON() as never;
  return given(await hub.POST("/api/v1/me/passkeys", { body: { ceremony: begun.ceremony, credential: made, name } })).recovery_codes;
}

/** Raises what the browser says where the person broke off. */
export async function logInWithPasskey(login: string): Promise<void> {
  const begun = given(await hub.POST("/api/v1/sessions/passkey/begin", { body: { login } }));
  const options = begun.options as unknown as PublicKeyCredentialRequestOptionsJSON;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const made = credential.toJSON() as never;
  await hub.POST("/api/v1/sessions/passkey/browser", { body: { ceremony: begun.ceremony, credential: made } });
}
