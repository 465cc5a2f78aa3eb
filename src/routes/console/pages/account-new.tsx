/** Connecting an account: the form that the chosen channel's credentials need. */
import { api, type ApiList } from "../client.ts";
import { Button } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import {
  ChannelChoice,
  type Chosen,
  chosenFrom,
  ModeChoice,
  type Pick,
  profileName,
} from "./account-choice.tsx";
import { ACCOUNTS, NEEDS } from "./accounts.tsx";
import { filled } from "./act.tsx";
import { credentialGroups, credentialsFrom, labelOf, shownAgain } from "./credentials-fields.ts";
import { CredentialsFields } from "./credentials-form.tsx";
import type { AccountView, ChannelView } from "./views.ts";

const TITLE = "Connect an account";

export const LATE_PAYMENT = [
  ["accept", "Keep the money"],
  ["refund", "Give it back at once"],
] as const;

/** The channels and their forms; the API has no shorter way to ask for one. */
export const channelsOf = (c: ConsoleContext) =>
  api<ApiList<ChannelView>>(c, "GET", "/v1/channels");

const pathOf = ({ channel, mode, profile }: Pick): string =>
  `/console/accounts/new?${new URLSearchParams(filled({ channel, mode, profile })).toString()}`;

function formPage(c: ConsoleContext, chosen: Chosen, form: Form | null, refusal: Refusal | null) {
  const { channel, mode, schema, profile } = chosen;
  const problem = refusal?.error ?? null;
  const groups = credentialGroups(schema, profile);
  const typed = (name: string): string => form?.raw(name) ?? "";
  const values =
    form === null ? new Map() : shownAgain(groups, credentialsFrom(schema, profile, typed));
  const names = ["display_name", ...groups.flatMap(({ fields }) => fields.map(({ name }) => name))];
  const how = [labelOf(mode), ...(profile === null ? [] : [profileName(profile)])].join(" · ");
  return show(
    c,
    {
      title: `${TITLE}: ${channel.name}`,
      back: { href: "/console/accounts/new", label: "All channels" },
      status: refusal?.status ?? 200,
    },
    <>
      <p class="quiet">
        {how} · Keys are examined before they are saved, encrypted, and never shown again.
      </p>
      <Problem problem={problem} fields={[...names, "region", "late_payment"]} />
      <ActionForm action="/console/accounts" label={TITLE}>
        <input type="hidden" name="channel" value={channel.slug} />
        <input type="hidden" name="mode" value={mode} />
        <input type="hidden" name="profile" value={profile ?? ""} />
        <Field
          name="display_name"
          label="Name"
          hint="Yours, to tell accounts apart."
          value={form?.text("display_name") ?? channel.name}
          maxlength={100}
          required
          problem={problem}
        />
        <CredentialsFields
          groups={groups}
          values={values}
          problem={problem}
          again={form !== null}
        />
        <Settings form={form} refundable={channel.refunds !== null} refusal={refusal} />
        <p class="buttons">
          <Button needs={NEEDS}>Examine and save</Button>
        </p>
      </ActionForm>
    </>,
  );
}

const Settings = (props: { form: Form | null; refundable: boolean; refusal: Refusal | null }) => (
  <fieldset class="group">
    <legend>Settings</legend>
    {props.refundable ? (
      <Select
        name="late_payment"
        label="When a buyer pays after the payment has ended"
        value={props.form?.text("late_payment") ?? "accept"}
        options={LATE_PAYMENT}
        problem={props.refusal?.error}
      />
    ) : null}
    <Field
      name="region"
      label="Region"
      hint="Only where this deployment has several: where the channel's messages are to arrive."
      value={props.form?.text("region") ?? ""}
      problem={props.refusal?.error}
    />
  </fieldset>
);

async function newPage(c: ConsoleContext) {
  const answer = await channelsOf(c);
  if (!answer.ok) return refused(c, answer);
  const ask = (name: string) => c.req.query(name) ?? "";
  const pick: Pick = { channel: ask("channel"), mode: ask("mode"), profile: ask("profile") };
  const channel = answer.body.data.find(({ slug }) => slug === pick.channel);
  if (channel === undefined) {
    return show(c, { title: TITLE, back: ACCOUNTS }, <ChannelChoice channels={answer.body.data} />);
  }
  const chosen = chosenFrom(channel, pick);
  if (chosen !== null) return formPage(c, chosen, null, null);
  const back = { href: "/console/accounts/new", label: "All channels" };
  return show(
    c,
    { title: `${TITLE}: ${channel.name}`, back },
    <ModeChoice channel={channel} pick={pick} />,
  );
}

const create: Page = {
  method: "post",
  path: "/accounts",
  scope: "merchant",
  title: TITLE,
  handler: async (c) => {
    const answer = await channelsOf(c);
    if (!answer.ok) return refused(c, answer);
    const form = await readForm(c);
    const pick: Pick = {
      channel: form.text("channel"),
      mode: form.text("mode"),
      profile: form.text("profile"),
    };
    const channel = answer.body.data.find(({ slug }) => slug === pick.channel);
    const chosen = channel === undefined ? null : chosenFrom(channel, pick);
    // Not from a form of ours: begin anew, with what can be kept of it.
    if (chosen === null) return c.redirect(pathOf(pick), 303);
    const saved = await api<AccountView>(
      c,
      "POST",
      "/v1/channel-accounts",
      {
        channel: pick.channel,
        mode: chosen.mode,
        credentials: credentialsFrom(chosen.schema, chosen.profile, (name) => form.raw(name)),
        // An empty name is refused with a word, a missing one would be too: the same word.
        display_name: form.text("display_name"),
        ...filled({ region: form.text("region"), late_payment: form.text("late_payment") }),
      },
      { key: form.key },
    );
    if (!saved.ok) return formPage(c, chosen, form, saved);
    return done(c, `/console/accounts/${saved.body.id}`, "connected");
  },
};

export const newAccountPages: readonly Page[] = [
  { method: "get", path: "/accounts/new", scope: "merchant", title: TITLE, handler: newPage },
  create,
];
