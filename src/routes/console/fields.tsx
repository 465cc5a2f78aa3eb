/** Forms: fields with their label, hint and error, and the summary above them. */
import type { Child, PropsWithChildren } from "hono/jsx";

import type { ApiProblem } from "./client.ts";
import { CSRF_FIELD, type Form as FormValues, KEY_FIELD } from "./form.ts";
import { useSession } from "./frame.tsx";

/**
 * A form that acts. It carries the session's token and an Idempotency-Key of this rendering, so that
 * a double click or a reload acts once. `keep` is the key of an attempt whose outcome is open: the
 * repeat must be the same request, or it could act twice ({@link keyToKeep}).
 */
export function Form(
  props: PropsWithChildren<{
    action: string;
    class?: string;
    label?: string;
    keep?: string | undefined;
    /** Holds a file: sent in parts of its own, or by console.js as it is. */
    upload?: boolean;
  }>,
) {
  const session = useSession();
  return (
    <form
      method="post"
      action={props.action}
      class={props.class ?? "form"}
      aria-label={props.label}
      enctype={props.upload === true ? "multipart/form-data" : undefined}
      data-upload={props.upload === true ? "" : undefined}
    >
      <input type="hidden" name={CSRF_FIELD} value={session?.csrf ?? ""} />
      <input type="hidden" name={KEY_FIELD} value={props.keep ?? crypto.randomUUID()} />
      {props.children}
    </form>
  );
}

/** The key of the first attempt, when it may have happened all the same. */
export const keyToKeep = (form: FormValues, problem: ApiProblem): string | undefined =>
  problem.outcome === "none" ? undefined : form.key;

/** Ids of fields come from the API's paths: `amount.value` is `f-amount-value`. */
const idOf = (name: string): string => `f-${name.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;

/** The issues of a field: those of its path, and of what is inside it. */
const issuesOf = (problem: ApiProblem | null | undefined, path: string): string[] =>
  (problem?.issues ?? [])
    .filter((issue) => issue.path === path || issue.path.startsWith(`${path}.`))
    .map(({ message }) => message);

/**
 * What the API said, above the form it was said about. `fields` are the names that the form shows, so
 * that each issue is a link to its field.
 */
export function Problem(props: {
  problem: ApiProblem | null | undefined;
  fields?: readonly string[];
}) {
  const { problem, fields = [] } = props;
  if (problem === null || problem === undefined) return null;
  return (
    <div class="problem" role="alert" tabindex={-1} id="problem">
      <p>
        <strong>{problem.message}</strong>
      </p>
      {problem.issues.length === 0 ? null : (
        <ul>
          {problem.issues.map(({ path, message }) => {
            const field = fields.find((name) => path === name || path.startsWith(`${name}.`));
            const text = path === "" ? message : `${path}: ${message}`;
            return <li>{field === undefined ? text : <a href={`#${idOf(field)}`}>{text}</a>}</li>;
          })}
        </ul>
      )}
      <p class="quiet">
        {problem.code} · Request <code>{problem.requestId}</code>
      </p>
    </div>
  );
}

interface FieldProps {
  /** The API's path of the value, and the name in the form. */
  readonly name: string;
  readonly label: string;
  readonly hint?: Child;
  readonly problem?: ApiProblem | null | undefined;
}

/** Label, control, hint and error, tied together for screen readers. */
function Around(props: PropsWithChildren<FieldProps>) {
  const { name, label, hint, problem, children } = props;
  const id = idOf(name);
  const errors = issuesOf(problem, name);
  return (
    <div class={errors.length > 0 ? "field wrong" : "field"}>
      <label for={id}>{label}</label>
      {hint === undefined ? null : (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {errors.length === 0 ? null : (
        <p class="error" id={`${id}-error`}>
          {errors.join("; ")}
        </p>
      )}
      {children}
    </div>
  );
}

function describedBy({ name, hint, problem }: FieldProps): string | undefined {
  const id = idOf(name);
  const parts = [
    ...(hint === undefined ? [] : [`${id}-hint`]),
    ...(issuesOf(problem, name).length === 0 ? [] : [`${id}-error`]),
  ];
  return parts.length === 0 ? undefined : parts.join(" ");
}

const common = (props: FieldProps) => ({
  id: idOf(props.name),
  name: props.name,
  "aria-describedby": describedBy(props),
  "aria-invalid": issuesOf(props.problem, props.name).length > 0 ? ("true" as const) : undefined,
});

export function Field(
  props: FieldProps & {
    value?: string;
    type?:
      | "text" | "search" | "email" | "url" | "password" | "number"
      | "date" | "datetime-local" | "month" | "file"; // prettier-ignore
    required?: boolean;
    autocomplete?: string;
    inputmode?: "decimal" | "numeric" | "text";
    placeholder?: string;
    maxlength?: number;
    autofocus?: boolean;
  },
) {
  const { value, type = "text", required, autocomplete = "off", inputmode, placeholder } = props;
  return (
    <Around {...props}>
      <input
        {...common(props)}
        type={type}
        value={value}
        required={required}
        autocomplete={autocomplete}
        inputmode={inputmode}
        placeholder={placeholder}
        maxlength={props.maxlength}
        autofocus={props.autofocus}
        autocapitalize="off"
        spellcheck={false}
      />
    </Around>
  );
}

export const TextArea = (
  props: FieldProps & { value?: string; rows?: number; code?: boolean; required?: boolean },
) => (
  <Around {...props}>
    <textarea
      {...common(props)}
      rows={props.rows ?? 6}
      class={props.code === true ? "code" : undefined}
      required={props.required}
      spellcheck={false}
      autocomplete="off"
    >
      {props.value ?? ""}
    </textarea>
  </Around>
);

export const Select = (
  props: FieldProps & {
    value?: string;
    /** Value and text. */
    options: readonly (readonly [string, string])[];
    /** A choice of the value "" does not do. */
    required?: boolean;
  },
) => (
  <Around {...props}>
    <select {...common(props)} required={props.required}>
      {props.options.map(([value, text]) => (
        <option value={value} selected={value === (props.value ?? "")}>
          {text}
        </option>
      ))}
    </select>
  </Around>
);

/** Several values of one name. */
export function Checkboxes(
  props: FieldProps & {
    values: readonly string[];
    options: readonly (readonly [string, string])[];
  },
) {
  const { name, label, hint, problem, values, options } = props;
  const errors = issuesOf(problem, name);
  return (
    <fieldset
      class={errors.length > 0 ? "field wrong" : "field"}
      id={idOf(name)}
      aria-describedby={describedBy(props)}
    >
      <legend>{label}</legend>
      {hint === undefined ? null : (
        <p class="hint" id={`${idOf(name)}-hint`}>
          {hint}
        </p>
      )}
      {errors.length === 0 ? null : (
        <p class="error" id={`${idOf(name)}-error`}>
          {errors.join("; ")}
        </p>
      )}
      <div class="choices">
        {options.map(([value, text]) => (
          <label>
            <input type="checkbox" name={name} value={value} checked={values.includes(value)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
