/**
 * What an order must fulfil before any adapter sees it, by the channel's own row of the matrix. One
 * place for all channels: the words are the same everywhere.
 */
import { type Failure, failure, invalidFields } from "../errors.ts";
import { formatMoney, type Money } from "../money.ts";
import type { ChannelInfo, ChargeOrder, OrderOption, Requirement } from "./adapter.ts";

const isGiven: Readonly<Record<Requirement, (order: ChargeOrder) => boolean>> = {
  "payer.openid": ({ payer }) =>
    (payer?.openid ?? payer?.sub_openid ?? payer?.sp_openid) !== undefined,
  "payer.auth_code": ({ payer }) => payer?.auth_code !== undefined,
  "payer.client_ip": ({ payer }) => payer?.client_ip !== undefined,
  os_type: ({ osType }) => osType !== null,
  return_url: ({ returnUrl }) => returnUrl !== null,
};

const isUsed: Readonly<Record<OrderOption, (order: ChargeOrder) => boolean>> = {
  payment_method_type: ({ paymentMethodType }) => paymentMethodType !== null,
  profit_sharing: ({ profitSharing }) => profitSharing,
};

const entries = <K extends string, V>(table: Readonly<Record<K, V>>) =>
  Object.entries(table) as [K, V][];

/** Why the channel could never take this amount; null when it can. */
export function amountFailure(
  amount: Money,
  { name, currencies, limits }: ChannelInfo,
): Failure | null {
  const { currency, value } = amount;
  if (!currencies.includes(currency)) {
    const message = `${name} does not take ${currency}; use ${currencies.join(" or ")}.`;
    return failure("CURRENCY_UNSUPPORTED", message, { supported: currencies });
  }
  const inUnits = (minor: number) => formatMoney({ currency, value: minor });
  if (!Number.isSafeInteger(value) || value < limits.min) {
    return failure("AMOUNT_INVALID", `${name} takes at least ${inUnits(limits.min)}.`, {
      min_allowed: { currency, value: limits.min },
    });
  }
  if (value > limits.max) {
    return failure("AMOUNT_EXCEEDED", `${name} takes at most ${inUnits(limits.max)} at a time.`, {
      requested: amount,
      max_allowed: { currency, value: limits.max },
    });
  }
  return null;
}

/** Why the channel cannot take this order; null when its adapter may prepare it. */
export function checkOrder(order: ChargeOrder, info: ChannelInfo): Failure | null {
  const { name, methods, options } = info;
  if (!methods.includes(order.method)) {
    const message = `${name} does not offer the method ${order.method}; use ${methods.join(" or ")}.`;
    return failure("METHOD_UNSUPPORTED", message, { supported: methods });
  }
  const wrongAmount = amountFailure(order.amount, info);
  if (wrongAmount !== null) return wrongAmount;
  const missing = (info.requires[order.method] ?? []).filter((field) => !isGiven[field](order));
  if (missing.length > 0) {
    return invalidFields(missing, `needed by ${name} for the method ${order.method}`);
  }
  const foreign = entries(isUsed).find(
    ([option, used]) => used(order) && !options.includes(option),
  );
  return foreign === undefined
    ? null
    : invalidFields([foreign[0]], `${name} has no such option; leave it out`);
}
