/** What each side says of a payment or refund, beside the others. */
import { moneyText, words } from "../components.tsx";
import type { SideView, WholeExceptionView } from "./book-views.ts";

type SideName = "channel" | "gateway" | "merchant";

const SIDE_NAMES: Readonly<Record<SideName, string>> = {
  channel: "The channel",
  gateway: "This gateway",
  merchant: "Your records",
};

/** What can be compared. Times and numbers differ by nature: each side has its own. */
const ROWS: readonly {
  readonly head: string;
  readonly cell: (side: SideView) => string | null;
  readonly compared?: true;
}[] = [
  { head: "Amount", cell: ({ amount }) => moneyText(amount), compared: true },
  { head: "Status", cell: ({ status }) => words(status), compared: true },
  {
    head: "Fee",
    cell: ({ fee, amount }) => (fee === null ? null : moneyText({ ...amount, value: fee })),
    compared: true,
  },
  {
    head: "Time",
    cell: ({ paid_at: at }) => (at === null ? null : at.slice(0, 19).replace("T", " ")),
  },
  { head: "Reference", cell: ({ reference }) => reference },
  { head: "Transaction", cell: ({ transaction_id: id }) => id },
  {
    head: "Where",
    cell: ({ file, line }) =>
      file === null ? null : line === null ? file : `${file}, line ${line}`,
  },
];

/** Whether the sides that say something say different things. */
const differs = (texts: readonly (string | null)[]): boolean =>
  new Set(texts.filter((text) => text !== null)).size > 1;

/** The sides beside each other; what differs is marked by a word, too. */
export function Sides({ exception }: { exception: WholeExceptionView }) {
  const names: SideName[] = ["channel", "gateway", "merchant"];
  const shown = names.filter((name) => name !== "merchant" || exception.merchant !== null);
  const rows = ROWS.map(({ head, cell, compared }) => {
    const texts = shown.map((name) => {
      const side = exception[name];
      return side === null ? null : cell(side);
    });
    return { head, texts, marked: compared === true && differs(texts) };
  }).filter(({ texts }) => texts.some((text) => text !== null));
  return (
    <table class="list sides">
      <caption class="hidden">What each side says</caption>
      <thead>
        <tr>
          <th scope="col">
            <span class="hidden">What</span>
          </th>
          {shown.map((name) => (
            <th scope="col">{SIDE_NAMES[name]}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {shown.every((name) => exception[name] !== null) ? null : (
          <tr>
            <th scope="row">Says</th>
            {shown.map((name) => (
              <td data-head={SIDE_NAMES[name]}>
                <div>{exception[name] === null ? <strong>nothing of it</strong> : "has it"}</div>
              </td>
            ))}
          </tr>
        )}
        {rows.map(({ head, texts, marked }) => (
          <tr class={marked ? "differs" : undefined}>
            <th scope="row">
              {head}
              {marked ? <small> differs</small> : null}
            </th>
            {texts.map((text, index) => (
              <td data-head={SIDE_NAMES[shown[index] ?? "channel"]}>
                <div>{text ?? <span class="quiet">–</span>}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
