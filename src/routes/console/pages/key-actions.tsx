/** The end of an API key: at once, or with a successor and an overlap. */
import { api } from "../client.ts";
import { Details, Id, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Select } from "../fields.tsx";
import { done } from "../frame.tsx";
import { confirmation, postOnce, segment } from "./act.tsx";
import { shownOnce } from "./key-new.tsx";
import { KEYS, nameOf, NEEDS } from "./keys.tsx";
import type { KeyView } from "./views.ts";

const load = (c: ConsoleContext) => api<KeyView>(c, "GET", `/v1/api-keys/${segment(c)}`);

const OVERLAPS = [
  ["0", "End it at once"],
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "7 days"],
] as const;

const rotate = confirmation<KeyView>({
  path: "/keys/:id/rotate",
  scope: "merchant",
  title: "Rotate a key",
  load,
  back: () => KEYS,
  button: "Rotate the key",
  kind: "primary",
  needs: NEEDS,
  fields: ["overlap_seconds"],
  ask: (key, { problem, form }) => (
    <>
      <p>
        A new key with the same rights takes the place of <strong>{nameOf(key)}</strong> (
        <Id>{key.public_id}…</Id>). Both work until the overlap is over.
      </p>
      <Select
        name="overlap_seconds"
        label="The old key works on for"
        value={form?.text("overlap_seconds") ?? "86400"}
        options={OVERLAPS}
        problem={problem}
      />
    </>
  ),
  act: async (c, { id }, form) => {
    const seconds = form.text("overlap_seconds");
    const body = { overlap_seconds: /^\d{1,9}$/.test(seconds) ? Number(seconds) : seconds };
    const path = `/v1/api-keys/${id}/rotate`;
    const answer = await postOnce<KeyView & { key: string }>(c, path, body, form.key);
    return answer.ok ? shownOnce(c, "The key is rotated", answer.body, answer.repeated) : answer;
  },
});

const revoke = confirmation<KeyView>({
  path: "/keys/:id/revoke",
  scope: "merchant",
  title: "Revoke a key",
  load,
  back: () => KEYS,
  button: "Revoke the key",
  needs: NEEDS,
  ask: (key, { c }) => (
    <>
      <p>
        Every request with <strong>{nameOf(key)}</strong> (<Id>{key.public_id}…</Id>) will be
        refused, everywhere within 10 seconds. This cannot be taken back.
      </p>
      {c.var.session.principal?.key.id === key.id ? (
        <p class="refused">You are signed in with this key: your session ends too.</p>
      ) : null}
      <Details
        rows={[
          ["Scopes", key.scopes.join(", ")],
          ["Last used", <Time at={key.last_used_at} />],
        ]}
      />
    </>
  ),
  act: async (c, { id }) => {
    const answer = await api(c, "DELETE", `/v1/api-keys/${id}`);
    return answer.ok ? done(c, "/console/keys", "revoked") : answer;
  },
});

export const keyActionPages: readonly Page[] = [...rotate, ...revoke];
