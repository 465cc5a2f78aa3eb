/** Files of channels and of the merchant: the list, and the files themselves. */
import { Empty, Status, Time } from "../components.tsx";
import type { ConsoleContext, Page } from "../env.ts";
import { Select } from "../fields.tsx";
import { UPLOAD_PATH } from "../upload.ts";
import { segment } from "./act.tsx";
import { AccountFilter, AccountLink, type Accounts, accountsOf } from "./book-parts.tsx";
import type { StatementView } from "./book-views.ts";
import { filtersOf } from "./filters.tsx";
import { showList } from "./list.tsx";
import { passOn } from "./pass-on.ts";
import { FaultText } from "./reconciliation-run.tsx";
import { RunButtons, RunTabs, UPLOAD_FORM } from "./reconciliation.tsx";

export const STATEMENTS = `/console${UPLOAD_PATH}`;

const SIDES = { channel: "the channel's", merchant: "your own records" } as const;

export const SIDE_CHOICES = Object.entries(SIDES);

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
          <AccountFilter accounts={accounts} values={values} problem={problem} />
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
    path: `${UPLOAD_PATH}/:id/file`,
    scope: "merchant",
    title: "File",
    handler: file,
  },
];
