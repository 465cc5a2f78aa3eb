/** The fields of a channel's credentials. Secrets are never filled in again. */
import type { ApiProblem } from "../client.ts";
import { Disclosure } from "../components.tsx";
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

export function CredentialsFields({ groups, ...rest }: Props) {
  const filled = ({ fields }: CredentialGroup) => fields.some(({ name }) => rest.values.has(name));
  const folded = groups.filter((group) => group.further && !filled(group));
  return (
    <>
      {groups
        .filter((group) => !folded.includes(group))
        .map((group) => (
          <Group group={group} {...rest} />
        ))}
      {folded.length === 0 ? null : (
        <Disclosure summary="Room for more">
          <div class="form">
            {folded.map((group) => (
              <Group group={group} {...rest} />
            ))}
          </div>
        </Disclosure>
      )}
    </>
  );
}

const Group = ({ group, ...rest }: { group: CredentialGroup } & Omit<Props, "groups">) => (
  <fieldset class="group">
    <legend>{group.title}</legend>
    {group.hint === null ? null : <p class="hint">{group.hint}</p>}
    {group.fields.map((field) => (
      <One field={field} {...rest} />
    ))}
  </fieldset>
);

/** Some of the channels' descriptions are names of files, without a full stop. */
const sentence = (text: string): string => (/[.;:…]$/.test(text) ? text : `${text}.`);

function hintOf({ hint, secret, required }: CredentialField, again: boolean): string | undefined {
  const parts = [
    ...(hint === null ? [] : [sentence(hint)]),
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
