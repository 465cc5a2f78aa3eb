/** Uploading a file of a channel or of the merchant: as it is by a script, or by the form alone. */
import { api, type ApiAnswer, type ApiProblem } from "../client.ts";
import { Button } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { CSRF_HEADER } from "../form.ts";
import { done, type Refusal, show } from "../frame.tsx";
import { FORM_FILE_MB, UPLOAD_PATH } from "../upload.ts";
import { NEEDS } from "./accounts.tsx";
import { localRefusal } from "./act.tsx";
import { AccountField, type Accounts, accountsOf } from "./book-parts.tsx";
import type { RunView } from "./book-views.ts";
import { RUNS, yesterday } from "./reconciliation.tsx";
import { SIDE_CHOICES, STATEMENTS } from "./statements.tsx";

const FIELDS = ["channel_account", "date", "side", "file"];

type Typed = Readonly<Record<"channel_account" | "date" | "side", string>>;

const UploadFields = (props: { accounts: Accounts; typed: Typed; problem: ApiProblem | null }) => {
  const { accounts, typed, problem } = props;
  return (
    <>
      <AccountField accounts={accounts} value={typed.channel_account} problem={problem} />
      <div class="row">
        <Field
          name="date"
          label="Day of the file"
          hint="By the channel's clock."
          type="date"
          value={typed.date}
          required
          problem={problem}
        />
        <Select
          name="side"
          label="Whose it is"
          hint="The channel's, or of your own shop."
          value={typed.side}
          options={SIDE_CHOICES}
          problem={problem}
        />
      </div>
      <Field
        name="file"
        label="File"
        hint="CSV, plain or in gzip or ZIP; your own records may also be JSON."
        type="file"
        required
        problem={problem}
      />
    </>
  );
};

async function uploadPage(c: ConsoleContext, sent: Typed | null, refusal: Refusal | null) {
  const accounts = await accountsOf(c);
  const problem = refusal?.error ?? null;
  const typed = sent ?? {
    channel_account: c.req.query("channel_account") ?? "",
    date: c.req.query("date") ?? yesterday(c.var.now),
    side: c.req.query("side") ?? "channel",
  };
  return show(
    c,
    { title: "Upload a file", back: RUNS, status: refusal?.status ?? 200 },
    <>
      <p>
        The file is kept as it is and read whole before any line counts. What is wrong with it is
        said by line and column, and nothing of it is booked. The layout of a bank's export is set{" "}
        <a href="/console/accounts">with the account</a>; the{" "}
        <a href="/docs/guides/statement-files">guide</a> says which layouts are read without that.
      </p>
      <Problem problem={problem} fields={FIELDS} />
      <ActionForm action={STATEMENTS} label="Upload a file" upload>
        <UploadFields accounts={accounts} typed={typed} problem={problem} />
        <p class="buttons">
          <Button needs={NEEDS}>Upload and compare</Button>{" "}
          <span id="upload-status" role="status" class="quiet"></span>
        </p>
        <noscript>
          <p class="hint">{`Without JavaScript a file may have ${FORM_FILE_MB} MB.`}</p>
        </noscript>
      </ActionForm>
    </>,
  );
}

interface Sent {
  readonly typed: Typed;
  readonly name: string;
  /** Null: no file was chosen. */
  readonly stream: ReadableStream | null;
}

/** The script names everything in the address, so that the body is the file alone. */
function sentByScript(c: ConsoleContext): Sent {
  const read = (name: string) => c.req.query(name) ?? "";
  return {
    typed: { channel_account: read("channel_account"), date: read("date"), side: read("side") },
    name: read("file_name"),
    stream: c.req.raw.body,
  };
}

/** The token was read out of the same form, which is remembered. */
async function sentByForm(c: ConsoleContext): Promise<Sent> {
  const form = await c.req.parseBody();
  const read = (name: string) => {
    const value = form[name];
    return typeof value === "string" ? value.trim() : "";
  };
  const file = form["file"];
  const chosen = file instanceof File && (file.name !== "" || file.size > 0) ? file : null;
  return {
    typed: { channel_account: read("channel_account"), date: read("date"), side: read("side") },
    name: chosen?.name ?? "",
    stream: chosen?.stream() ?? null,
  };
}

/** As the API takes names; a browser gives the name without the way to it. */
const nameOf = (name: string): string => name.replaceAll(/[\p{Cc}\p{Cf}/\\]/gu, "_").slice(0, 200);

async function upload(c: ConsoleContext) {
  const { typed, name, stream } =
    c.req.header(CSRF_HEADER) === undefined ? await sentByForm(c) : sentByScript(c);
  if (stream === null) {
    const issue = { path: "file", message: "choose the file" };
    return uploadPage(c, typed, localRefusal(c, "No file was sent.", [issue]));
  }
  const place = typed.side === "merchant" ? "merchant-records" : "statements";
  const answer: ApiAnswer<{ run: RunView }> = await api(
    c,
    "POST",
    `/v1/reconciliation/${place}`,
    { stream },
    {
      query: {
        channel_account: typed.channel_account,
        date: typed.date,
        file_name: nameOf(name),
      },
    },
  );
  if (!answer.ok) return uploadPage(c, typed, answer);
  return done(c, `${RUNS.href}/runs/${answer.body.run.id}`, "uploaded");
}

export const uploadPages: readonly Page[] = [
  {
    method: "get",
    path: "/reconciliation/upload",
    scope: "merchant",
    title: "Upload a file",
    handler: (c) => uploadPage(c, null, null),
  },
  {
    method: "post",
    path: UPLOAD_PATH,
    scope: "merchant",
    title: "Upload a file",
    handler: upload,
  },
];
