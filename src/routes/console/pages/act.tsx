/** What pages that act share: actions that ask first, and secrets that are shown once. */
import type { Child } from "hono/jsx";

import type { Scope } from "../../authenticate.ts";
import { type ApiAnswer, type ApiProblem, fetchApi, readAnswer } from "../client.ts";
import { Button, LinkButton } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Form as ActionForm, Problem } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { refused, type Refusal, show } from "../frame.tsx";

/**
 * A parameter of the page's address as one segment of an API path. Whatever cannot be an id becomes
 * one that nobody has: `..` in an address must not reach another route of the API.
 */
export function segment(c: ConsoleContext, name = "id"): string {
  const value = c.req.param(name) ?? "";
  return /^[\w-]{1,64}$/.test(value) ? value : "none";
}

export type OnceAnswer<T> =
  | { readonly ok: true; readonly body: T; readonly repeated: boolean }
  | Refusal;

/**
 * A POST whose answer holds a secret. Sent twice, as a reload of the answer does, the API repeats its
 * first answer; `repeated` is then true, and the secret must not be shown again.
 */
export async function postOnce<T>(
  c: ConsoleContext,
  path: string,
  body: unknown,
  key: string | undefined,
): Promise<OnceAnswer<T>> {
  const reply = await fetchApi(c, "POST", path, body, { key });
  const repeated = reply.headers.get("Idempotent-Replayed") === "true";
  const answer = await readAnswer<T>(reply);
  return answer.ok ? { ok: true, body: answer.body, repeated } : answer;
}

/** In place of a secret that was on the first answer to the same form. */
export const AlreadyShown = ({ children }: { children: Child }) => (
  <p class="refused" role="alert">
    This form was sent before, and the secret was shown then. {children}
  </p>
);

/** `2026-11-01T08:30` as a browser's field gives it, taken as UTC; anything else goes on as it is. */
export const utcTime = (text: string): string =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) ? `${text}:00Z` : text;

/** Without the members that are empty: the API takes a missing field, not an empty one. */
export const filled = (body: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ""));

/** What was typed cannot even be asked for: an amount that is none, a text that is not JSON. */
export function localRefusal(
  c: ConsoleContext,
  message: string,
  issues: ApiProblem["issues"],
): Refusal {
  const requestId = c.var.requestId;
  const error = {
    code: "INVALID_REQUEST" as const,
    message,
    details: {},
    outcome: "none" as const,
    issues,
    requestId,
  };
  return { ok: false, status: 400, error };
}

/** An action that asks before it acts: a page (GET) whose form acts (POST), without JavaScript too. */
export interface Confirmation<T> {
  readonly path: string;
  readonly scope: Page["scope"];
  readonly title: string;
  /** What it is about; without it there is nothing to ask. */
  readonly load: (c: ConsoleContext) => Promise<ApiAnswer<T>>;
  readonly back: (subject: T) => { readonly href: string; readonly label: string };
  /** Says what will happen; may hold fields. */
  readonly ask: (subject: T, state: Asking) => Child;
  readonly button: string;
  readonly kind?: "danger" | "primary";
  readonly needs?: Scope;
  /** The names of the fields in `ask`. */
  readonly fields?: readonly string[];
  /** The page that follows, or what the API said instead. */
  readonly act: (c: ConsoleContext, subject: T, form: Form) => Promise<Response | Refusal>;
}

export interface Asking {
  readonly c: ConsoleContext;
  readonly problem: ApiProblem | null;
  readonly form: Form | null;
}

/** The two pages of a {@link Confirmation}. */
export function confirmation<T>(spec: Confirmation<T>): readonly Page[] {
  const { path, scope, title } = spec;
  const ask = (c: ConsoleContext, subject: T, refusal: Refusal | null, form: Form | null) => {
    const problem = refusal?.error ?? null;
    const back = spec.back(subject);
    const { pathname, search } = new URL(c.req.url);
    return show(
      c,
      { title, back, ...(refusal === null ? {} : { status: refusal.status }) },
      <>
        <Problem problem={problem} fields={spec.fields ?? []} />
        <ActionForm action={pathname + search} class="form confirm" label={title}>
          {spec.ask(subject, { c, problem, form })}
          <p class="buttons">
            <Button
              kind={spec.kind ?? "danger"}
              {...(spec.needs === undefined ? {} : { needs: spec.needs })}
            >
              {spec.button}
            </Button>
            <LinkButton href={back.href}>Cancel</LinkButton>
          </p>
        </ActionForm>
      </>,
    );
  };
  return [
    {
      method: "get",
      path,
      scope,
      title,
      handler: async (c) => {
        const subject = await spec.load(c);
        return subject.ok ? ask(c, subject.body, null, null) : refused(c, subject);
      },
    },
    {
      method: "post",
      path,
      scope,
      title,
      handler: async (c) => {
        const subject = await spec.load(c);
        if (!subject.ok) return refused(c, subject);
        const form = await readForm(c);
        const outcome = await spec.act(c, subject.body, form);
        return outcome instanceof Response ? outcome : ask(c, subject.body, outcome, form);
      },
    },
  ];
}
