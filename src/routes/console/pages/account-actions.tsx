/** What can be done with a channel account: the check, new credentials and their end, a link. */
import { api } from "../client.ts";
import { Copy, Details, LinkButton, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { readForm } from "../form.ts";
import { done, show } from "../frame.tsx";
import { accountPage, apiPath, pathOf } from "./account.tsx";
import { NEEDS } from "./accounts.tsx";
import { confirmation, segment } from "./act.tsx";
import type { AccountView } from "./views.ts";

const load = (c: ConsoleContext) => api<AccountView>(c, "GET", apiPath(c));
const backTo = ({ id, display_name: label }: AccountView) => ({ href: pathOf(id), label });
const back = (c: ConsoleContext) => ({ href: pathOf(segment(c)), label: "Channel account" });

const verify: Page = {
  method: "post",
  path: "/accounts/:id/verify",
  scope: "merchant",
  title: "Verify the account",
  handler: async (c) => {
    const answer = await api<{ detail: string; verified_at: string }>(
      c,
      "POST",
      apiPath(c, "/verify"),
    );
    if (!answer.ok) return accountPage(c, { form: null, refusal: answer });
    return show(
      c,
      { title: "The account works", back: back(c) },
      <>
        <p class="flash" role="status">
          The channel answered, and its answer is authentic. No money was moved.
        </p>
        <Details
          rows={[
            ["The channel", answer.body.detail],
            ["Verified", <Time at={answer.body.verified_at} />],
          ]}
        />
        <p>
          <LinkButton href={pathOf(segment(c))}>Back to the account</LinkButton>
        </p>
      </>,
    );
  },
};

const authorization: Page = {
  method: "post",
  path: "/accounts/:id/authorization",
  scope: "merchant",
  title: "Authorization link",
  handler: async (c) => {
    const answer = await api<{ url: string; expires_at: string }>(
      c,
      "POST",
      apiPath(c, "/authorization"),
    );
    if (!answer.ok) return accountPage(c, { form: null, refusal: answer });
    const { url, expires_at: expires } = answer.body;
    return show(
      c,
      { title: "Authorization link", back: back(c) },
      <>
        <p>
          Send it to the merchant, who says yes at the channel with it. What was granted is saved
          with this account by itself.
        </p>
        <Copy text={url} />
        <p>
          Works until <Time at={expires} />, for this account only.
        </p>
        <p>
          <a href={url} rel="noreferrer">
            Open the link
          </a>
        </p>
      </>,
    );
  },
};

const disable = confirmation<AccountView>({
  path: "/accounts/:id/disable",
  scope: "merchant",
  title: "Disable the account",
  load,
  back: backTo,
  button: "Disable",
  needs: NEEDS,
  ask: ({ display_name: name }) => (
    <p>
      New payments cannot use <strong>{name}</strong> any more. Open ones still end, and refunds of
      earlier ones still work.
    </p>
  ),
  act: async (c, { id }) => {
    const answer = await api(c, "DELETE", apiPath(c));
    return answer.ok ? done(c, pathOf(id), "disabled") : answer;
  },
});

const enable: Page = {
  method: "post",
  path: "/accounts/:id/enable",
  scope: "merchant",
  title: "Channel account",
  handler: async (c) => {
    await readForm(c);
    const answer = await api(c, "PATCH", apiPath(c), { status: "active" });
    if (answer.ok) return done(c, pathOf(segment(c)), "enabled");
    return accountPage(c, { form: null, refusal: answer });
  },
};

const retire = confirmation<AccountView>({
  path: "/accounts/:id/credentials/:version/retire",
  scope: "merchant",
  title: "Retire old credentials",
  load,
  back: backTo,
  button: "Retire the version",
  needs: NEEDS,
  ask: ({ display_name: name }, { c }) => (
    <p>
      What the channel still signs for version {segment(c, "version")} of <strong>{name}</strong> is
      refused from then on. Retire it when the channel uses the new keys only.
    </p>
  ),
  act: async (c, { id }) => {
    const answer = await api(c, "DELETE", apiPath(c, `/credentials/${segment(c, "version")}`));
    return answer.ok ? done(c, pathOf(id), "retired") : answer;
  },
});

export const accountActionPages: readonly Page[] = [
  verify,
  authorization,
  ...disable,
  enable,
  ...retire,
];
