/** Files of channels and of the merchant: the list, the files themselves, and uploading one. */
import { api, type ApiAnswer, type ApiProblem } from "../client.ts";
import { Button, Empty, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Field, Form as ActionForm, Problem, Select } from "../fields.tsx";
import { CSRF_HEADER } from "../form.ts";
import { done, type Refusal, show } from "../frame.tsx";
import { FORM_FILE_MB, UPLOAD_PATH } from "../upload.ts";
import { NEEDS } from "./accounts.tsx";
import { localRefusal, segment } from "./act.tsx";
import { AccountField, AccountLink, type Accounts, accountsOf } from "./book-parts.tsx";
import type { RunView, StatementView } from "./book-views.ts";
import { filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { passOn } from "./pass-on.ts";
import { FaultText } from "./reconciliation-run.tsx";
import { RunButtons, RUNS, RunTabs, UPLOAD_FORM, yesterday } from "./reconciliation.tsx";

const STATEMENTS = `/console${UPLOAD_PATH}`;

const SIDES = { channel: "the channel's", merchant: "your own records" } as const;

const SIDE_CHOICES = Object.entries(SIDES);

const size = (bytes: number): string =>
  bytes < 1_000_000
    ? `${Math.ceil(bytes / 1_000).toLocaleString("en")} KB`
    : `${Math.ceil(bytes / 1_000_000).toLocaleString("en")} MB`;

const columns = (accounts: Accounts) => [
  {
    head: "File",
    name: true,
    cell: ({ id, file_name: name }: StatementView) => (
      <a href={`${STATEMENTS}/${id}/file`} download={name}>
        <span class="title">{name}</span> <code class="id">{id}</code>
      </a>
    ),
  },
  { head: "Day", cell: ({ date }: StatementView) => <time datetime={date}>{date}</time> },
  {
    head: "Account",
    cell: ({ channel_account: id }: StatementView) => <AccountLink accounts={accounts} id={id} />,
  },
  {
    head: "Whose",
    cell: ({ side, origin }: StatementView) =>
      `${SIDES[side]}, ${origin === "download" ? "fetched" : "uploaded"}`,
  },
  {
    head: "State",
    cell: ({ state, error }: StatementView) => (
      <div>
        <Status status={state} />
        {error === null ? null : <FaultText error={error} />}
      </div>
    ),
  },
  {
    head: "Lines",
    number: true,
    cell: ({ lines, bytes }: StatementView) => (
      <>
        {lines.toLocaleString("en")} <small class="beneath">{size(bytes)}</small>
      </>
    ),
  },
  { head: "Came", cell: ({ created_at: at }: StatementView) => <Time at={at} /> },
];

async function list(c: ConsoleContext) {
  const accounts = await accountsOf(c);
  const values = filtersOf(c, ["channel_account", "side"]);
  return showList<StatementView>(c, {
    title: "Files",
    aside: <RunButtons />,
    path: "/v1/reconciliation/statements",
    above: <RunTabs c={c} />,
    filters: {
      values,
      fields: (problem) => (
        <>
          <AccountField
            accounts={accounts}
            value={values.channel_account}
            problem={problem}
            none="All"
          />
          <Select
            name="side"
            label="Whose"
            value={values.side}
            options={[["", "All"], ...SIDE_CHOICES]}
            problem={problem}
          />
        </>
      ),
    },
    table: { caption: "Files, newest first", columns: columns(accounts) },
    empty: () => (
      <Empty title="No file is here yet.">
        <p>
          Statements are fetched from the channels that have a call for them. Those of banks and
          portals, and your own records, <a href={UPLOAD_FORM}>are uploaded</a>.
        </p>
      </Empty>
    ),
  });
}

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
    date: yesterday(c.var.now),
    side: c.req.query("side") ?? "channel",
  };
  return show(
    c,
    { title: "Upload a file", back: RUNS, status: refusal?.status ?? 200 },
    <>
      <p>
        The file is kept as it is and read whole before any line counts. What is wrong with it is
        said by line and column, and nothing of it is booked. The layout of a bank's export is set{" "}
        <a href="/console/accounts">with the account</a>.
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

const file = (c: ConsoleContext) =>
  passOn(c, {
    path: `/v1/reconciliation/statements/${segment(c)}/file`,
    type: "application/octet-stream",
  });

export const statementPages: readonly Page[] = [
  {
    method: "get",
    path: UPLOAD_PATH,
    scope: "merchant",
    title: "Files",
    handler: list,
  },
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
  {
    method: "get",
    path: `${UPLOAD_PATH}/:id/file`,
    scope: "merchant",
    title: "File",
    handler: file,
  },
];
