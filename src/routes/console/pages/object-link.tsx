import { paymentOfRefund } from "../../../ids.ts";
import { Id } from "../components.tsx";

/** Where an object that is spoken of has a page. */
const PLACES: readonly (readonly [RegExp, (id: string) => string])[] = [
  [/^pi_\w+$/, (id) => `/console/payments/${id}`],
  // A refund stands in its payment's timeline.
  [/^re_\w+$/, (id) => `/console/payments/${paymentOfRefund(id) ?? "none"}#${id}`],
  [/^ca_\w+$/, (id) => `/console/accounts/${id}`],
  [/^we_\w+$/, (id) => `/console/endpoints/${id}`],
  [/^svc_\w+$/, (id) => `/console/services/${id}`],
  [/^rx_\w+$/, (id) => `/console/exceptions/${id}`],
  [/^rr_\w+$/, (id) => `/console/reconciliation/runs/${id}`],
  // The ledger numbers what a later file changed: `se_….1`.
  [/^se_\w+(?:\.\d+)?$/, (id) => `/console/settlements/${id.replace(/\..*/, "")}`],
  [/^po_\w+$/, (id) => `/console/settlements/payouts/${id}`],
  [/^in_\w+$/, (id) => `/console/settlements/invoices/${id}`],
];

/** The id, as a link where there is a page about it. */
export function ObjectLink({ id }: { id: string }) {
  const place = PLACES.find(([form]) => form.test(id));
  if (place === undefined) return <Id>{id}</Id>;
  return (
    <a href={place[1](id)}>
      <Id>{id}</Id>
    </a>
  );
}
