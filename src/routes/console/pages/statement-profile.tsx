/** How an account's uploaded statements are laid out, for exports that are not known here. */
import { api } from "../client.ts";
import { Button, Disclosure, Json, LinkButton } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem, TextArea } from "../fields.tsx";
import { readForm } from "../form.ts";
import { done, refused, type Refusal, show } from "../frame.tsx";
import { apiPath, pathOf } from "./account.tsx";
import { NEEDS } from "./accounts.tsx";
import { localRefusal, segment } from "./act.tsx";

interface ProfileView {
  readonly channel_account: string;
  readonly format: string;
  readonly profile: object | null;
}

const TITLE = "Layout of statements";

/** A bank's export, as an example to begin with. */
export const EXAMPLE = {
  columns: {
    reference: "Reference",
    amount: "Credit",
    currency: "Currency",
    occurred_at: "Booked at",
  },
  amounts: { unit: "major", decimal: ".", thousands: "," },
  date_format: "iso",
  utc_offset_minutes: 480,
  encoding: "utf-8",
  delimiter: ",",
  skip_lines: 0,
};

const FIELD = "profile";

async function page(c: ConsoleContext, typed: string | null, refusal: Refusal | null) {
  const answer = await api<ProfileView>(c, "GET", apiPath(c, "/statement-profile"));
  if (!answer.ok) return refused(c, answer);
  const { profile, format, channel_account: id } = answer.body;
  const problem = refusal?.error ?? null;
  const text = typed ?? (profile === null ? "" : JSON.stringify(profile, null, 2));
  return show(
    c,
    {
      title: TITLE,
      back: { href: pathOf(id), label: "Channel account" },
      status: refusal?.status ?? 200,
    },
    <>
      <p>
        For exports of banks and portals whose layout is not known here: which column is what, and
        how amounts, times and states are written. Files of this account are read as{" "}
        <strong>{profile === null ? format : "set below"}</strong>.
      </p>
      <Problem problem={problem} fields={[FIELD]} />
      <ActionForm action={`${pathOf(id)}/statement-profile`} label={TITLE}>
        <TextArea
          name={FIELD}
          label="Layout, as JSON"
          hint="Empty: the channel's own layout. Files that were read stay as they were."
          value={text}
          rows={12}
          code
          problem={problem}
        />
        <p class="buttons">
          <Button needs={NEEDS}>Save</Button>
          <LinkButton href={pathOf(id)}>Cancel</LinkButton>
        </p>
      </ActionForm>
      <Disclosure summary="An example to begin with" open={profile === null}>
        <Json value={EXAMPLE} label="Example of a layout" />
        <p>
          <a href="/docs">The documentation</a> names every member.
        </p>
      </Disclosure>
    </>,
  );
}

/** Undefined: what was typed is no JSON. */
function parsed(text: string): unknown {
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function save(c: ConsoleContext) {
  const form = await readForm(c);
  const typed = form.raw(FIELD);
  const profile = parsed(typed);
  if (profile === undefined) {
    const issue = { path: FIELD, message: "must be JSON" };
    return page(c, typed, localRefusal(c, "The layout cannot be read.", [issue]));
  }
  const answer = await api(c, "PUT", apiPath(c, "/statement-profile"), { profile });
  return answer.ok ? done(c, pathOf(segment(c)), "layout") : page(c, typed, answer);
}

export const statementProfilePages: readonly Page[] = [
  {
    method: "get",
    path: "/accounts/:id/statement-profile",
    scope: "merchant",
    title: TITLE,
    handler: (c) => page(c, null, null),
  },
  {
    method: "post",
    path: "/accounts/:id/statement-profile",
    scope: "merchant",
    title: TITLE,
    handler: save,
  },
];
