/** The delivery log of a webhook endpoint: what was sent, and every attempt. */
import type { ApiList } from "../client.ts";
import { Button, Disclosure, Empty, Id, Status, Table, Time } from "../components.tsx";
import type { ConsoleContext } from "../env.ts";
import { Form as ActionForm } from "../fields.tsx";
import { NEEDS, pathOf } from "./endpoints.tsx";
import { Pages } from "./list.tsx";
import type { DeliveryView } from "./views.ts";

/** What the receiver said, try for try. */
function Attempts({ delivery }: { delivery: DeliveryView }) {
  const { attempts, next_attempt_at: next } = delivery;
  const last = attempts.at(-1);
  const summary =
    last === undefined
      ? "not tried yet"
      : `${attempts.length}×, last ${last.status ?? "no answer"} in ${last.latency_ms} ms`;
  return (
    <div>
      {last === undefined ? (
        <span class="quiet">{summary}</span>
      ) : (
        <Disclosure summary={summary}>
          <ol class="attempts">
            {attempts.map((attempt) => (
              <li>
                <Time at={attempt.at} /> · <strong>{attempt.status ?? "no answer"}</strong> ·{" "}
                {attempt.latency_ms} ms
                {attempt.response === "" ? null : <pre class="json">{attempt.response}</pre>}
              </li>
            ))}
          </ol>
        </Disclosure>
      )}
      {next === null ? null : (
        <small class="quiet">
          next try <Time at={next} />
        </small>
      )}
    </div>
  );
}

export const Deliveries = (props: {
  c: ConsoleContext;
  id: string;
  list: ApiList<DeliveryView>;
}) => (
  <section class="part" aria-labelledby="deliveries">
    <h2 id="deliveries">Deliveries</h2>
    {props.list.data.length === 0 ? (
      <Empty title="Nothing was sent yet.">
        <p>Send a test event above, or make a payment with a test key.</p>
      </Empty>
    ) : (
      <Table
        caption="Deliveries, newest first"
        rows={props.list.data}
        columns={[
          { head: "Sent", cell: ({ created_at: at }) => <Time at={at} /> },
          {
            head: "Event",
            name: true,
            cell: ({ event, event_type: type }) => (
              <div class="ids">
                {type ?? "gone"}
                <br />
                <a href={`/console/events/${event}`}>
                  <Id>{event}</Id>
                </a>
              </div>
            ),
          },
          { head: "State", cell: ({ state }) => <Status status={state} /> },
          { head: "Attempts", cell: (delivery) => <Attempts delivery={delivery} /> },
          {
            head: "Again",
            cell: ({ event, event_type: type }) => (
              <ActionForm action={`${pathOf(props.id)}/redeliver`} class="inline">
                <input type="hidden" name="event" value={event} />
                <Button needs={NEEDS} kind="plain">
                  Send again<span class="hidden">{`: ${type ?? ""} ${event}`}</span>
                </Button>
              </ActionForm>
            ),
          },
        ]}
      />
    )}
    <Pages c={props.c} list={props.list} />
  </section>
);
