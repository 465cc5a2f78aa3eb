/** The form for sending an endpoint again what it missed. */
import { EVENT_TYPES } from "../../../webhooks/event-types.ts";
import type { ApiProblem } from "../client.ts";
import { Button, Disclosure } from "../components.tsx";
import { Checkboxes, Field, Form as ActionForm } from "../fields.tsx";
import type { Form } from "../form.ts";
import { NEEDS } from "./endpoints.tsx";
import type { EndpointView } from "./views.ts";

export const REPLAY_FIELDS = ["created_gte", "created_lt", "types"];

export const ReplayForm = (props: {
  endpoint: EndpointView;
  form: Form | null;
  problem: ApiProblem | null;
}) => {
  const { endpoint, form, problem } = props;
  return (
    <ActionForm action={`/console/endpoints/${endpoint.id}/replay`} label="Replay">
      <p>
        Sends the events of a time again, in their order and with their ids. A receiver that
        remembers ids does nothing twice.
      </p>
      <div class="row">
        <Field
          name="created_gte"
          label="From (UTC)"
          hint="When it began to miss them."
          type="datetime-local"
          required
          value={form?.text("created_gte") ?? ""}
          problem={problem}
        />
        <Field
          name="created_lt"
          label="To (UTC)"
          hint="Empty: until now."
          type="datetime-local"
          value={form?.text("created_lt") ?? ""}
          problem={problem}
        />
      </div>
      <Disclosure summary="Only some types" open={(form?.all("types") ?? []).length > 0}>
        <Checkboxes
          name="types"
          label="Only these types"
          hint="None marked: all that the endpoint subscribes to."
          values={form?.all("types") ?? []}
          options={EVENT_TYPES.map((type) => [type, type] as const)}
          problem={problem}
        />
      </Disclosure>
      <p class="buttons">
        <Button needs={NEEDS}>Replay</Button>
      </p>
    </ActionForm>
  );
};
