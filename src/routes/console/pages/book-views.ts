/** What the pages of the books read of the API's answers: no more than is shown. */
import type { MoneyView } from "./views.ts";

export interface FileError {
  readonly code: string;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

type Counts = Readonly<Record<string, number>>;

interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface RunDayView {
  readonly day: string;
  readonly state: "queued" | "running" | "waiting" | "completed" | "failed";
  readonly statement: string | null;
  readonly merchant_statement: string | null;
  readonly progress: Progress;
  readonly counts: Counts;
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly error: FileError | null;
}

export interface RunView {
  readonly id: string;
  readonly channel_account: string;
  readonly trigger: "nightly" | "request" | "upload";
  readonly from: string;
  readonly to: string;
  readonly state: "queued" | "running" | "completed" | "failed";
  readonly progress: Progress;
  readonly counts: Counts;
  readonly days: readonly RunDayView[];
  readonly created_at: string;
  readonly updated_at: string;
}

export interface StatementView {
  readonly id: string;
  readonly channel_account: string;
  readonly side: "channel" | "merchant";
  readonly origin: "download" | "upload";
  readonly date: string;
  readonly format: string;
  readonly file_name: string;
  readonly bytes: number;
  readonly state: "received" | "read" | "refused";
  readonly lines: number;
  readonly error: FileError | null;
  readonly created_at: string;
}

/** What one side says of a payment or refund. */
export interface SideView {
  readonly amount: MoneyView;
  readonly status: string;
  readonly fee: number | null;
  readonly paid_at: string | null;
  readonly reference: string | null;
  readonly transaction_id: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

export interface ExceptionView {
  readonly id: string;
  readonly run: string | null;
  readonly kind: string;
  readonly state: "open" | "acknowledged" | "resolved" | "written_off";
  readonly payment_intent: string | null;
  readonly channel_account: string;
  readonly channel_transaction_id: string | null;
  readonly channel: SideView | null;
  readonly gateway: SideView | null;
  readonly merchant: SideView | null;
  readonly explanation: string;
  readonly proposed_fix: string;
  readonly assignee: string | null;
  readonly age_seconds: number;
  readonly due_at: string;
  readonly overdue: boolean;
  readonly created_at: string;
  readonly resolved_at: string | null;
}

export interface WholeExceptionView extends ExceptionView {
  readonly actions: readonly string[];
  readonly notes: readonly {
    readonly at: string;
    readonly by: string;
    readonly text: string;
    readonly action: string | null;
  }[];
}

export interface BalancesView {
  readonly as_of: string;
  readonly currencies: readonly {
    readonly currency: string;
    readonly held_at_channels: number;
    readonly owed_to_platform: number;
    readonly at_bank: number;
    readonly accounts: readonly {
      readonly account: string;
      readonly debit: number;
      readonly credit: number;
      readonly balance: number;
    }[];
  }[];
}

export interface EntryView {
  readonly id: string;
  readonly kind: string;
  readonly amount: MoneyView;
  readonly debit: string;
  readonly credit: string;
  readonly cause: string;
  readonly memo: string | null;
  readonly at: string;
}

export interface SettlementView {
  readonly id: string;
  readonly channel_account: string;
  readonly day: string;
  readonly source: "statement" | "gateway";
  readonly state: "expected" | "paid";
  readonly payments: number;
  readonly gross: MoneyView;
  readonly refunds: number;
  readonly refunded: MoneyView;
  readonly channel_fee: MoneyView | null;
  readonly net: MoneyView;
  readonly splits: readonly {
    readonly account: string;
    readonly amount: MoneyView;
    readonly type: string;
  }[];
  readonly expected_at: string;
  readonly payout: string | null;
  readonly run: string | null;
}

export interface PayoutView {
  readonly id: string;
  readonly channel_account: string;
  readonly amount: MoneyView;
  readonly settlements: readonly string[];
  readonly bank_reference: string | null;
  readonly arrived_at: string;
  readonly created_at: string;
}

export interface ShareView {
  readonly id: string;
  readonly kind: "split" | "return";
  readonly payment_intent: string;
  readonly refund: string | null;
  readonly channel: string;
  readonly amount: MoneyView;
  readonly state: string;
  readonly channel_split_id: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly created_at: string;
}

export interface InvoiceView {
  readonly id: string;
  readonly merchant_id: string;
  readonly number: string;
  readonly month: string;
  readonly total: MoneyView;
  readonly lines: readonly {
    readonly text: string;
    readonly quantity: number;
    readonly amount: MoneyView;
  }[];
  readonly state: "open" | "paid";
  readonly due_at: string;
  readonly paid_at: string | null;
  readonly payment_reference: string | null;
}

export interface FxRateView {
  readonly base: string;
  readonly quote: string;
  readonly rate: string;
  readonly source: string;
  readonly as_of: string;
  readonly fresh: boolean;
}
