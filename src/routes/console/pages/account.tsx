/** One channel account: where its channel posts, what its keys are, and the check with the channel. */
import { api } from "../client.ts";
import { Button, Copy, Details, Id, LinkButton, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { channelsOf, LATE_PAYMENT } from "./account-new.tsx";
import { ACCOUNTS, NEEDS } from "./accounts.tsx";
import { segment } from "./act.tsx";
import { labelOf } from "./credentials-fields.ts";
import type { AccountView, ChannelView } from "./views.ts";

export const apiPath = (c: ConsoleContext, action = ""): string =>
  `/v1/channel-accounts/${segment(c)}${action}`;

export const pathOf = (id: string): string => `/console/accounts/${id}`;

export const NOTICES = {
  connected: "The account is saved. Now tell the channel where to post, and verify it.",
  saved: "Saved.",
  added: "The new credentials sign from now on; both versions verify until the old one is retired.",
  retired: "The old version is retired.",
  disabled: "The account is out of use: new payments cannot take it, open ones still end.",
  enabled: "The account is in use again.",
  layout: "The layout counts for files that come from now on.",
};

type Version = AccountView["credentials"][number];

const Credentials = ({ account }: { account: AccountView }) => (
  <section class="part" aria-labelledby="credentials">
    <h2 id="credentials">Credentials</h2>
    {account.credentials.length === 0 ? (
      <p>The built-in sandbox's own; there is nothing to do.</p>
    ) : (
      <Table
        caption="Versions of the credentials"
        rows={account.credentials}
        columns={[
          { head: "Version", name: true, cell: ({ version }: Version) => version },
          { head: "Saved", cell: ({ created_at: at }: Version) => <Time at={at} /> },
          {
            head: "Fingerprints",
            cell: ({ fingerprints }: Version) => (
              <Details
                rows={Object.entries(fingerprints).map(
                  ([name, print]) => [labelOf(name), <Id>{print}</Id>] as const,
                )}
              />
            ),
          },
          {
            head: "Actions",
            cell: ({ version }: Version) =>
              account.credentials.length === 1 ? (
                <span class="quiet">in use</span>
              ) : (
                <a
                  href={`${pathOf(account.id)}/credentials/${version}/retire`}
                  aria-label={`Retire version ${version}`}
                >
                  Retire
                </a>
              ),
          },
        ]}
      />
    )}
    <p>
      <LinkButton href={`${pathOf(account.id)}/credentials`}>
        {account.credentials.length === 0 ? "Use credentials of your own" : "Add new credentials"}
      </LinkButton>
    </p>
  </section>
);

const Actions = (props: { account: AccountView; mode: Mode | undefined }) => {
  const { account, mode } = props;
  return (
    <div class="actions">
      {account.status === "active" ? (
        <>
          <ActionForm action={`${pathOf(account.id)}/verify`} class="inline">
            <Button needs={NEEDS}>Verify with the channel</Button>
          </ActionForm>
          {mode?.authorization === true ? (
            <ActionForm action={`${pathOf(account.id)}/authorization`} class="inline">
              <Button needs={NEEDS} kind="plain">
                Make an authorization link
              </Button>
            </ActionForm>
          ) : null}
          <LinkButton href={`${pathOf(account.id)}/disable`}>Disable</LinkButton>
        </>
      ) : (
        <ActionForm action={`${pathOf(account.id)}/enable`} class="inline">
          <Button needs={NEEDS}>Use it again</Button>
        </ActionForm>
      )}
    </div>
  );
};

const FIELDS = ["display_name", "late_payment", "channel_fee", "region"];

const METHODS = {
  channel_split: "taken at the channel as a share of each payment",
  invoice: "invoiced every month",
} as const;

function Settings(props: { account: AccountView; refundable: boolean; returned: Returned | null }) {
  const { account, refundable, returned } = props;
  const form = returned?.form ?? null;
  const problem = returned?.refusal.error ?? null;
  return (
    <ActionForm action={pathOf(account.id)} label="Settings">
      <Field
        name="display_name"
        label="Name"
        value={form?.text("display_name") ?? account.display_name}
        maxlength={100}
        required
        problem={problem}
      />
      {refundable ? (
        <Select
          name="late_payment"
          label="When a buyer pays after the payment has ended"
          value={form?.text("late_payment") ?? account.late_payment}
          options={LATE_PAYMENT}
          problem={problem}
        />
      ) : null}
      <Field
        name="channel_fee"
        label="The channel's fee, in basis points"
        hint="By your contract with it: 60 is 0.60 %. Statements with another fee become exceptions. Empty: fees are not compared."
        value={form?.text("channel_fee") ?? String(account.channel_fee ?? "")}
        inputmode="numeric"
        problem={problem}
      />
      <Field
        name="region"
        label="Region"
        hint="Only where this deployment has several."
        value={form?.text("region") ?? account.region ?? ""}
        problem={problem}
      />
      <p class="buttons">
        <Button needs={NEEDS}>Save</Button>
      </p>
    </ActionForm>
  );
}

/** Where its books are compared. */
const Books = ({ account: { id } }: { account: AccountView }) => (
  <section class="part" aria-labelledby="books">
    <h2 id="books">Books</h2>
    <div class="actions">
      <LinkButton href={`/console/reconciliation?channel_account=${id}`}>Reconciliation</LinkButton>
      <LinkButton href={`/console/settlements?channel_account=${id}`}>Settlements</LinkButton>
      <LinkButton href={`${pathOf(id)}/statement-profile`}>Layout of statements</LinkButton>
    </div>
  </section>
);

type Mode = ChannelView["integration_modes"][number];

export interface Returned {
  readonly form: Form | null;
  readonly refusal: Refusal;
}

/** The page, also when one of its forms came back with what the API said about it. */
export async function accountPage(c: ConsoleContext, returned: Returned | null) {
  const [answer, channels] = await Promise.all([
    api<AccountView>(c, "GET", apiPath(c)),
    channelsOf(c),
  ]);
  if (!answer.ok) return refused(c, answer);
  if (!channels.ok) return refused(c, channels);
  const account = answer.body;
  const channel = channels.body.data.find(({ slug }) => slug === account.channel);
  const mode = channel?.integration_modes.find((one) => one.mode === account.mode);
  const status = returned?.refusal.status ?? 200;
  return show(
    c,
    { title: account.display_name, back: ACCOUNTS, status, notices: NOTICES },
    <>
      <Problem problem={returned?.refusal.error} fields={returned?.form == null ? [] : FIELDS} />
      <div class="panel">
        <Details
          rows={[
            ["Status", <Status status={account.status} />],
            ["Channel", channel?.name ?? account.channel],
            ["Mode", labelOf(account.mode)],
            ["Number there", account.merchant_account],
            ["Id", <Copy text={account.id} />],
            ["The channel posts to", <Copy text={account.callback_url} />],
            ["The platform's fee", METHODS[account.settlement_method]],
            [
              "Verified",
              account.verified_at === null ? "not yet" : <Time at={account.verified_at} />,
            ],
          ]}
        />
      </div>
      <Actions account={account} mode={mode} />
      <Credentials account={account} />
      <Books account={account} />
      <section class="part" aria-labelledby="settings">
        <h2 id="settings">Settings</h2>
        <Settings account={account} refundable={channel?.refunds != null} returned={returned} />
      </section>
    </>,
  );
}

/** What is no number goes on as it is: the API says so at its field. */
const feeFrom = (text: string): number | string | null =>
  text === "" ? null : /^\d{1,9}$/.test(text) ? Number(text) : text;

const save: Page = {
  method: "post",
  path: "/accounts/:id",
  scope: "merchant",
  title: "Channel account",
  handler: async (c) => {
    const form = await readForm(c);
    const [region, late] = [form.text("region"), form.text("late_payment")];
    const fee = form.text("channel_fee");
    const answer = await api(c, "PATCH", apiPath(c), {
      display_name: form.text("display_name"),
      region: region === "" ? null : region,
      ...(late === "" ? {} : { late_payment: late }),
      ...(form.has("channel_fee") ? { channel_fee: feeFrom(fee) } : {}),
    });
    if (answer.ok) return done(c, pathOf(segment(c)), "saved");
    return accountPage(c, { form, refusal: answer });
  },
};

export const accountDetailPages: readonly Page[] = [
  {
    method: "get",
    path: "/accounts/:id",
    scope: "merchant",
    title: "Channel account",
    handler: (c) => accountPage(c, null),
  },
  save,
];
