/** The fields of a service's manifest. */
import { CURRENCIES } from "../../../money.ts";
import type { ApiProblem } from "../client.ts";
import { Disclosure } from "../components.tsx";
import { Checkboxes, Field, Select, TextArea } from "../fields.tsx";
import { type ManifestTyped, priceField, type PriceRow, rowsOf } from "./manifest-form.ts";
import type { ChannelView } from "./views.ts";

const currencyOptions = [
  ["", "Choose"] as const,
  ...CURRENCIES.map((currency) => [currency, currency] as const),
];

interface Props {
  readonly typed: ManifestTyped;
  readonly channels: readonly ChannelView[];
  readonly problem: ApiProblem | null;
}

/** The names of all fields, for the summary of what is wrong. */
export const serviceFieldNames = (typed: ManifestTyped): string[] => [
  "name",
  "description",
  "provider.display_name",
  "version",
  "accepted_channels",
  "settlement_currency",
  "endpoint",
  "webhook_url",
  "tags",
  ...rowsOf(typed).flatMap((_, row) =>
    ["id", "label", "currency", "amount", "min", "max"].map((name) => priceField(row, name)),
  ),
];

const Price = (props: { row: PriceRow; place: number; problem: ApiProblem | null }) => {
  const { row, place, problem } = props;
  const of = (name: keyof PriceRow) => ({
    name: priceField(place, name),
    value: row[name],
    problem,
  });
  return (
    <fieldset class="group">
      <legend>{`Price ${place + 1}`}</legend>
      <div class="row">
        <Field {...of("id")} label="Id" placeholder="per-call" maxlength={40} />
        <Field {...of("label")} label="For buyers" placeholder="One call" maxlength={100} />
        <Select {...of("currency")} label="Currency" options={currencyOptions} />
      </div>
      <div class="row">
        <Field {...of("amount")} label="Fixed price" inputmode="decimal" placeholder="6.99" />
        <Field {...of("min")} label="or from" inputmode="decimal" placeholder="1.00" />
        <Field {...of("max")} label="up to" inputmode="decimal" placeholder="100.00" />
      </div>
    </fieldset>
  );
};

/** One empty row is offered; the others are folded away. */
function Prices({ typed, problem }: Pick<Props, "typed" | "problem">) {
  const rows = rowsOf(typed);
  const open = typed.prices.length + (typed.prices.length === 0 ? 1 : 0);
  return (
    <>
      {rows.slice(0, open).map((row, place) => (
        <Price row={row} place={place} problem={problem} />
      ))}
      <Disclosure summary="More prices">
        <div class="form">
          {rows.slice(open).map((row, place) => (
            <Price row={row} place={open + place} problem={problem} />
          ))}
        </div>
      </Disclosure>
    </>
  );
}

const About = ({ typed, problem }: Props) => (
  <fieldset class="group">
    <legend>What it is</legend>
    <Field name="name" label="Name" value={typed.name} maxlength={100} required problem={problem} />
    <TextArea
      name="description"
      label="Description"
      hint="What it does, for people and agents."
      value={typed.description}
      rows={4}
      required
      problem={problem}
    />
    <Field
      name="provider.display_name"
      label="Offered by"
      value={typed.provider}
      maxlength={100}
      required
      problem={problem}
    />
    <Field
      name="tags"
      label="Tags"
      hint="To be found by; with commas between them."
      value={typed.tags}
      problem={problem}
    />
    <Field
      name="version"
      label="Version"
      hint="Like 1.0.0. It rises with every change once the service has been active."
      value={typed.version}
      required
      problem={problem}
    />
  </fieldset>
);

const Where = ({ typed, problem }: Props) => (
  <fieldset class="group">
    <legend>Where it is</legend>
    <Field
      name="endpoint"
      label="Endpoint"
      hint="Where the service is called: https, a public host."
      type="url"
      value={typed.endpoint}
      placeholder="https://api.shop.example/summary"
      required
      problem={problem}
    />
    <Field
      name="webhook_url"
      label="Webhook URL"
      hint="Optional; only you see it. Add it as a webhook endpoint too."
      type="url"
      value={typed.webhook}
      problem={problem}
    />
  </fieldset>
);

export const ServiceFields = (props: Props) => {
  const { typed, channels, problem } = props;
  return (
    <>
      <About {...props} />
      <Prices typed={typed} problem={problem} />
      <fieldset class="group">
        <legend>How it is paid</legend>
        <Checkboxes
          name="accepted_channels"
          label="Channels"
          values={typed.channels}
          options={channels.map(
            ({ slug, name, currencies }) =>
              [
                slug,
                `${name} (${currencies.length > 3 ? `${currencies.length} currencies` : currencies.join(", ")})`,
              ] as const,
          )}
          problem={problem}
        />
        <Select
          name="settlement_currency"
          label="Settled in"
          value={typed.settlement}
          options={currencyOptions}
          problem={problem}
        />
      </fieldset>
      <Where {...props} />
    </>
  );
};
