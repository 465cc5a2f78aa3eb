/**
 * The Durable Object of one payment: the only writer of its state. A thin shell: what can be called
 * over RPC is here, what it does is in life.ts.
 */
import { DurableObject } from "cloudflare:workers";

import type { PaymentReport, RefundReport } from "../channels/adapter.ts";
import type { Failure } from "../errors.ts";
import type { Owner } from "../owner.ts";
import type { Result } from "../result.ts";
import type { ChannelAccountRow } from "../store/channel-accounts.ts";
import type { Answer, RepeatKey } from "./answers.ts";
import type { Inquiry } from "./inquiry.ts";
import { PaymentLife } from "./life.ts";
import type { RefundTerms } from "./refund-reserve.ts";
import type { Choice, CreateRequest } from "./reserve.ts";
import type { Trace } from "../trace.ts";

export class PaymentIntent extends DurableObject<Env> {
  readonly #life: PaymentLife;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const waitUntil = (work: Promise<unknown>) => ctx.waitUntil(work);
    this.#life = new PaymentLife({ storage: ctx.storage, env, waitUntil });
  }

  create(request: CreateRequest, accounts: readonly ChannelAccountRow[]): Promise<Answer> {
    return this.#life.create(request, accounts);
  }

  choose(choice: Choice, trace: Trace): Promise<Answer> {
    return this.#life.choose(choice, trace);
  }

  async buyer(): Promise<string | null> {
    return this.#life.buyer();
  }

  timeline(owner: Owner): Promise<string | null> {
    return this.#life.timeline(owner);
  }

  replay(fingerprint: string, trace: Trace): Promise<Answer | null> {
    return this.#life.replay(fingerprint, trace);
  }

  async keepOrder(intentId: string): Promise<string> {
    return this.#life.keepOrder(intentId);
  }

  async keptOrder(): Promise<string | null> {
    return this.#life.keptOrder();
  }

  async get(): Promise<string | null> {
    return this.#life.get();
  }

  async getOwned(owner: Owner): Promise<string | null> {
    return this.#life.getOwned(owner);
  }

  cancel(owner: Owner, repeat: RepeatKey | null, trace: Trace): Promise<Answer> {
    return this.#life.cancel(owner, repeat, trace);
  }

  sync(owner: Owner, repeat: RepeatKey | null, trace: Trace): Promise<Answer> {
    return this.#life.sync(owner, repeat, trace);
  }

  inquire(owner: Owner, refund: string | null, trace: Trace): Promise<Result<Inquiry, Failure>> {
    return this.#life.inquire(owner, refund, trace);
  }

  refund(owner: Owner, terms: RefundTerms, trace: Trace): Promise<Answer> {
    return this.#life.refund(owner, terms, trace);
  }

  async getRefund(owner: Owner, id: string): Promise<string | null> {
    return this.#life.getRefund(owner, id);
  }

  async reportRefund(
    accountId: string,
    report: RefundReport,
    trace: Trace,
  ): Promise<Result<"changed" | "known", string>> {
    return this.#life.reportRefund(accountId, report, trace);
  }

  async report(
    accountId: string,
    report: PaymentReport,
    trace: Trace,
  ): Promise<Result<"changed" | "known" | "exception", string>> {
    return this.#life.report(accountId, report, trace);
  }

  wake(): Promise<void> {
    return this.#life.wake();
  }

  republish(): Promise<boolean> {
    return this.#life.republish();
  }

  override alarm(): Promise<void> {
    return this.#life.alarm();
  }
}
