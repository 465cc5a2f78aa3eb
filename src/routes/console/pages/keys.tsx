/** API keys: who may do what from where. */
import { type Column, Empty, Id, LinkButton, Status, Time } from "../components.tsx";
import type { Page } from "../env.ts";
import { showList } from "./list.tsx";
import type { KeyView } from "./views.ts";

export const KEYS = { href: "/console/keys", label: "API keys" };
/** Keys can hand out rights: only a key that has them all may manage keys. */
export const NEEDS = "*" as const;

export const nameOf = ({ label, public_id }: KeyView): string => label ?? public_id;

/** @param own the key that is signed in */
const columnsFor = (own: string | undefined): readonly Column<KeyView>[] => [
  {
    head: "Key",
    name: true,
    cell: (key) => (
      <>
        {key.label === null ? null : <>{key.label} </>}
        <Id>{key.public_id}…</Id>
        {key.id === own ? <small class="quiet"> you are signed in with it</small> : null}
      </>
    ),
  },
  { head: "Status", cell: ({ status }) => <Status status={status} /> },
  { head: "Scopes", cell: ({ scopes }) => scopes.join(", ") },
  {
    head: "From",
    cell: ({ ip_allow: ranges }) =>
      ranges.length === 0 ? <span class="quiet">anywhere</span> : ranges.join(", "),
  },
  { head: "Last used", cell: ({ last_used_at: at }) => <Time at={at} /> },
  { head: "Expires", cell: ({ expires_at: at }) => <Time at={at} /> },
  {
    head: "Actions",
    cell: (key) =>
      key.status === "active" ? (
        <span class="actions">
          <a href={`/console/keys/${key.id}/rotate`} aria-label={`Rotate ${nameOf(key)}`}>
            Rotate
          </a>
          <a href={`/console/keys/${key.id}/revoke`} aria-label={`Revoke ${nameOf(key)}`}>
            Revoke
          </a>
        </span>
      ) : (
        <span class="quiet">none</span>
      ),
  },
];

const create = (
  <LinkButton href="/console/keys/new" kind="primary">
    Create a key
  </LinkButton>
);

const list: Page = {
  method: "get",
  path: "/keys",
  scope: "merchant",
  title: "API keys",
  nav: { group: "Developers", label: "API keys" },
  handler: (c) =>
    showList(c, {
      title: "API keys",
      aside: create,
      notices: { revoked: "The key is revoked. It stops working everywhere within 10 seconds." },
      path: "/v1/api-keys",
      table: { caption: "API keys", columns: columnsFor(c.var.session.principal?.key.id) },
      empty: () => (
        <Empty title="No keys on this page.">
          <p>Create one for each program that talks to the API, with only the scopes it needs.</p>
        </Empty>
      ),
    }),
};

export const keyPages: readonly Page[] = [list];
