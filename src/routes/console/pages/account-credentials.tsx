/** New credentials beside the old ones: the form of the account's channel and mode once more. */
import { api } from "../client.ts";
import { Button } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { type Chosen, chosenFrom, ProfileChoice } from "./account-choice.tsx";
import { channelsOf } from "./account-new.tsx";
import { apiPath, pathOf } from "./account.tsx";
import { NEEDS } from "./accounts.tsx";
import { segment } from "./act.tsx";
import { credentialGroups, credentialsFrom, shownAgain } from "./credentials-fields.ts";
import { CredentialsFields } from "./credentials-form.tsx";
import type { AccountView } from "./views.ts";

const TITLE = "Add new credentials";

interface Place {
  readonly account: AccountView;
  readonly chosen: Chosen;
}

function formPage(c: ConsoleContext, place: Place, form: Form | null, refusal: Refusal | null) {
  const { account, chosen } = place;
  const { schema, profile } = chosen;
  const problem = refusal?.error ?? null;
  const groups = credentialGroups(schema, profile);
  const typed = (name: string): string => form?.raw(name) ?? "";
  const values =
    form === null
      ? new Map<string, string>()
      : shownAgain(groups, credentialsFrom(schema, profile, typed));
  const names = groups.flatMap(({ fields }) => fields.map(({ name }) => name));
  const back = { href: pathOf(account.id), label: account.display_name };
  return show(
    c,
    { title: TITLE, back, status: refusal?.status ?? 200 },
    <>
      <p>
        They must belong to {account.merchant_account}. They sign from then on; what the channel
        still signs for the old version is taken until you retire it.
      </p>
      <Problem problem={problem} fields={[...names, "credentials"]} />
      <ActionForm action={`${pathOf(account.id)}/credentials`} label={TITLE}>
        <input type="hidden" name="profile" value={profile ?? ""} />
        <CredentialsFields
          groups={groups}
          values={values}
          problem={problem}
          again={form !== null}
        />
        <p class="buttons">
          <Button needs={NEEDS}>Examine and add</Button>
        </p>
      </ActionForm>
    </>,
  );
}

/** The account with the form of its mode, or the page to answer with instead. */
async function placeOf(c: ConsoleContext, profile: string): Promise<Place | Response> {
  const [account, channels] = await Promise.all([
    api<AccountView>(c, "GET", apiPath(c)),
    channelsOf(c),
  ]);
  if (!account.ok) return refused(c, account);
  if (!channels.ok) return refused(c, channels);
  const { mode } = account.body;
  const channel = channels.body.data.find(({ slug }) => slug === account.body.channel);
  const chosen = channel === undefined ? null : chosenFrom(channel, { mode, profile });
  if (chosen !== null) return { account: account.body, chosen };
  const back = { href: pathOf(account.body.id), label: account.body.display_name };
  return show(
    c,
    { title: TITLE, back },
    channel === undefined ? (
      <p class="refused">This deployment no longer has that channel.</p>
    ) : (
      <ProfileChoice action={`${back.href}/credentials`} channel={channel} mode={mode} />
    ),
  );
}

export const accountCredentialsPages: readonly Page[] = [
  {
    method: "get",
    path: "/accounts/:id/credentials",
    scope: "merchant",
    title: TITLE,
    handler: async (c) => {
      const place = await placeOf(c, c.req.query("profile") ?? "");
      return place instanceof Response ? place : formPage(c, place, null, null);
    },
  },
  {
    method: "post",
    path: "/accounts/:id/credentials",
    scope: "merchant",
    title: TITLE,
    handler: async (c) => {
      const form = await readForm(c);
      const place = await placeOf(c, form.text("profile"));
      if (place instanceof Response) return place;
      const { schema, profile } = place.chosen;
      const credentials = credentialsFrom(schema, profile, (name) => form.raw(name));
      const path = apiPath(c, "/credentials");
      const answer = await api(c, "POST", path, { credentials }, { key: form.key });
      if (!answer.ok) return formPage(c, place, form, answer);
      return done(c, pathOf(segment(c)), "added");
    },
  },
];
