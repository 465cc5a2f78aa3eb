/** The pages of the books: comparing, settling, reporting. In the order of the navigation. */
import type { Page } from "../env.ts";
import { exceptionActionPages } from "./exception-actions.tsx";
import { exceptionDetailPages } from "./exception.tsx";
import { exceptionPages } from "./exceptions.tsx";
import { fxRatePages } from "./fx-rates.tsx";
import { invoicePages } from "./invoices.tsx";
import { entryPages } from "./ledger-entries.tsx";
import { ledgerPages } from "./ledger.tsx";
import { operatorInvoicePages } from "./operator-invoices.tsx";
import { newPayoutPages } from "./payout-new.tsx";
import { payoutPages } from "./payouts.tsx";
import { receiverPages } from "./receivers.tsx";
import { runPages } from "./reconciliation-run.tsx";
import { reconciliationPages } from "./reconciliation.tsx";
import { reportPages } from "./reports.tsx";
import { settlementDetailPages, settlementPages } from "./settlements.tsx";
import { sharePages } from "./shares.tsx";
import { statementProfilePages } from "./statement-profile.tsx";
import { uploadPages } from "./statement-upload.tsx";
import { statementPages } from "./statements.tsx";

/** `/settlements/payouts` stands before `/settlements/:id`: the first that fits answers. */
export const bookPages: readonly Page[] = [
  ...reconciliationPages,
  ...runPages,
  ...statementPages,
  ...uploadPages,
  ...exceptionPages,
  ...exceptionDetailPages,
  ...exceptionActionPages,
  ...ledgerPages,
  ...entryPages,
  ...settlementPages,
  ...newPayoutPages,
  ...payoutPages,
  ...sharePages,
  ...invoicePages,
  ...settlementDetailPages,
  ...reportPages,
  ...statementProfilePages,
  ...fxRatePages,
  ...operatorInvoicePages,
  ...receiverPages,
];
