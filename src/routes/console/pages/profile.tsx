/** The merchant that is signed in, as the API knows it. */
import { api } from "../client.ts";
import { Copy, Details, Id, LinkButton, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { refused, show } from "../frame.tsx";
import type { MerchantView } from "./views.ts";

const WHAT_NOW: Readonly<Record<string, string>> = {
  unverified:
    "Test keys work. Live payments begin when an operator of this platform has verified you.",
  suspended: "No key works while the merchant is suspended; ask the operator of this platform.",
};

async function profile(c: ConsoleContext) {
  const answer = await api<MerchantView & { livemode: boolean }>(c, "GET", "/v1/merchant");
  if (!answer.ok) return refused(c, answer);
  const merchant = answer.body;
  const key = c.var.session.principal?.key;
  const what = WHAT_NOW[merchant.status];
  return show(
    c,
    { title: "Merchant profile" },
    <>
      {what === undefined ? null : <p class="note">{what}</p>}
      <div class="panel">
        <Details
          rows={[
            ["Name", merchant.name],
            ["Id", <Copy text={merchant.id} />],
            ["Status", <Status status={merchant.status} />],
            ["Email", merchant.email ?? "none"],
            ["Settled in", merchant.settlement_currency ?? "the currency of each payment"],
            ["Mode", merchant.livemode ? "live" : "test"],
            ["Since", <Time at={merchant.created_at} />],
            ["Signed in with", key === undefined ? null : <Id>{key.public_id}…</Id>],
            ["It may", key?.scopes.join(", ") ?? null],
          ]}
        />
      </div>
      <p>Name, email and settlement currency are changed by the operator of this platform.</p>
      <p class="actions">
        <LinkButton href="/console/keys">API keys</LinkButton>
        <LinkButton href="/console/pricing">Pricing</LinkButton>
        <LinkButton href="/console/audit">Audit log</LinkButton>
      </p>
    </>,
  );
}

export const profilePages: readonly Page[] = [
  {
    method: "get",
    path: "/profile",
    scope: "merchant",
    title: "Merchant profile",
    nav: { group: "Settings", label: "Profile" },
    handler: profile,
  },
];
