/** What can be done with a webhook endpoint beside changing its settings. */
import { api, type ApiAnswer } from "../client.ts";
import type { ConsoleContext, Page } from "../env.ts";
import { Select } from "../fields.tsx";
import { type Form, readForm } from "../form.ts";
import { done } from "../frame.tsx";
import { confirmation, postOnce, segment } from "./act.tsx";
import { endpointPage } from "./endpoint.tsx";
import { ENDPOINTS, NEEDS, pathOf, secretPage } from "./endpoints.tsx";
import type { EndpointView } from "./views.ts";

const apiPath = (c: ConsoleContext, action = ""): string =>
  `/v1/webhook-endpoints/${segment(c)}${action}`;

/** A button that acts at once: nothing is lost by it. */
function atOnce(
  name: string,
  code: string,
  act: (c: ConsoleContext, form: Form) => Promise<ApiAnswer<unknown>>,
): Page {
  return {
    method: "post",
    path: `/endpoints/:id/${name}`,
    scope: "merchant",
    title: "Webhook endpoint",
    handler: async (c) => {
      const answer = await act(c, await readForm(c));
      if (answer.ok) return done(c, pathOf(segment(c)), code);
      return endpointPage(c, { which: "action", form: null, refusal: answer });
    },
  };
}

const test = atOnce("test", "tested", (c, { key }) =>
  api(c, "POST", apiPath(c, "/test"), {}, { key }),
);

const enable = atOnce("enable", "enabled", (c) =>
  api(c, "PATCH", apiPath(c), { status: "enabled" }),
);

const redeliver = atOnce("redeliver", "redelivered", (c, form) => {
  const event = form.text("event");
  const id = /^\w{1,64}$/.test(event) ? event : "none";
  const body = { endpoint: segment(c) };
  return api(c, "POST", `/v1/events/${id}/redeliver`, body, { key: form.key });
});

const load = (c: ConsoleContext) => api<EndpointView>(c, "GET", apiPath(c));
const back = ({ id, url }: EndpointView) => ({ href: pathOf(id), label: url });

const disable = confirmation<EndpointView>({
  path: "/endpoints/:id/disable",
  scope: "merchant",
  title: "Disable the endpoint",
  load,
  back,
  button: "Disable",
  needs: NEEDS,
  ask: ({ url }) => (
    <p>
      Nothing more is sent to <strong>{url}</strong>, and what it still had to receive is cancelled.
      After enabling it again, a replay brings what it missed.
    </p>
  ),
  act: async (c, { id }) => {
    const answer = await api(c, "PATCH", apiPath(c), { status: "disabled" });
    return answer.ok ? done(c, pathOf(id), "disabled") : answer;
  },
});

const remove = confirmation<EndpointView>({
  path: "/endpoints/:id/delete",
  scope: "merchant",
  title: "Remove the endpoint",
  load,
  back,
  button: "Remove",
  needs: NEEDS,
  ask: ({ url }) => (
    <p>
      <strong>{url}</strong>, its secret and its delivery log go. What it still had to receive is
      cancelled. To stop it for a while, disable it instead.
    </p>
  ),
  act: async (c) => {
    const answer = await api(c, "DELETE", apiPath(c));
    return answer.ok ? done(c, ENDPOINTS.href, "deleted") : answer;
  },
});

const OVERLAPS = [
  ["0", "Stop at once"],
  ["3600", "1 hour"],
  ["86400", "1 day"],
  ["604800", "7 days"],
] as const;

const rotate = confirmation<EndpointView>({
  path: "/endpoints/:id/rotate",
  scope: "merchant",
  title: "Make a new secret",
  load,
  back,
  button: "Make a new secret",
  kind: "primary",
  needs: NEEDS,
  fields: ["overlap_seconds"],
  ask: ({ url }, { problem, form }) => (
    <>
      <p>
        Events to <strong>{url}</strong> are signed with the new secret at once, and with the old
        one too until the overlap is over.
      </p>
      <Select
        name="overlap_seconds"
        label="The old secret signs along for"
        value={form?.text("overlap_seconds") ?? "86400"}
        options={OVERLAPS}
        problem={problem}
      />
    </>
  ),
  act: async (c, _endpoint, form) => {
    const seconds = form.text("overlap_seconds");
    const body = { overlap_seconds: /^\d{1,9}$/.test(seconds) ? Number(seconds) : seconds };
    const answer = await postOnce<EndpointView & { secret: string }>(
      c,
      apiPath(c, "/rotate-secret"),
      body,
      form.key,
    );
    if (!answer.ok) return answer;
    return secretPage(c, "The secret is new", answer.body, answer.repeated, 200);
  },
});

export const endpointActionPages: readonly Page[] = [
  test,
  enable,
  redeliver,
  ...disable,
  ...remove,
  ...rotate,
];
