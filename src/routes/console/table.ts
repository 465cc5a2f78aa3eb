/** Every page of the console, in the order of the navigation. A new page is one line here. */
import type { Page } from "./env.ts";
import { bookPages } from "./pages/books.ts";
import { overviewPage } from "./pages/overview.tsx";
import { paymentActionPages } from "./pages/payment-actions.tsx";
import { paymentDetailPage } from "./pages/payment.tsx";
import { paymentsPages } from "./pages/payments.tsx";
import { refundsPage } from "./pages/refunds.tsx";
import { settingsPages } from "./pages/settings.ts";

export const PAGES: readonly Page[] = [
  overviewPage,
  ...paymentsPages,
  paymentDetailPage,
  ...paymentActionPages,
  refundsPage,
  ...bookPages,
  ...settingsPages,
];
