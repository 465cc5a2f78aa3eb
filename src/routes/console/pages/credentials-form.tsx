/** The fields of a channel's credentials. Secrets are never filled in again. */
import type { ApiProblem } from "../client.ts";
import { Field, Select, TextArea } from "../fields.tsx";
import type { CredentialField, CredentialGroup } from "./credentials-fields.ts";

interface Props {
  readonly groups: readonly CredentialGroup[];
  /** What may be shown again, by field name. */
  readonly values: ReadonlyMap<string, string>;
  readonly problem: ApiProblem | null;
  /** The form came back: secrets have to be typed again. */
  readonly again: boolean;
}

export const CredentialsFields = ({ groups, ...rest }: Props) => (
  <>
    {groups.map(({ title, hint, fields }) => (
      <fieldset class="group">
        <legend>{title}</legend>
        {hint === null ? null : <p class="hint">{hint}</p>}
        {fields.map((field) => (
          <One field={field} {...rest} />
        ))}
      </fieldset>
    ))}
  </>
);

function hintOf({ hint, secret, required }: CredentialField, again: boolean): string | undefined {
  const parts = [
    ...(hint === null ? [] : [hint]),
    ...(required ? [] : ["Optional."]),
    ...(secret && again ? ["Type it again: secrets are not sent back."] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(" ");
}

const YES_NO = [
  ["", "As usual"],
  ["true", "Yes"],
  ["false", "No"],
] as const;

function One(props: { field: CredentialField } & Omit<Props, "groups">) {
  const { field, values, problem, again } = props;
  const { name, label, kind, secret, required } = field;
  const value = secret ? "" : (values.get(name) ?? "");
  const hint = hintOf(field, again);
  const common = { name, label, problem, value, ...(hint === undefined ? {} : { hint }) };
  switch (kind) {
    case "pem":
      return <TextArea {...common} rows={5} code required={required} />;
    case "choice": {
      const options = field.options.map((option) => [option, option] as const);
      return <Select {...common} options={required ? options : [["", "As usual"], ...options]} />;
    }
    case "yes_no":
      return <Select {...common} options={YES_NO} />;
    case "number":
      return <Field {...common} inputmode="numeric" required={required} />;
    case "text":
      return (
        <Field
          {...common}
          type={secret ? "password" : "text"}
          autocomplete={secret ? "new-password" : "off"}
          required={required}
        />
      );
  }
}
