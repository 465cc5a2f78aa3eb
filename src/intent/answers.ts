/** Answers of a payment's object, and the memory that gives a repeated request the first one. */
import { type Failure, failure } from "../errors.ts";
import { goneAway } from "./failures.ts";
import type { IntentRecord } from "./record.ts";
import type { IntentStorage } from "./storage.ts";
import { toView } from "./view.ts";

/** Plain data: it crosses RPC. `body` is the public JSON, as it goes over the wire. */
export type Answer =
  | {
      readonly kind: "object";
      readonly status: number;
      readonly body: string;
      readonly replayed: boolean;
    }
  | { readonly kind: "failure"; readonly failure: Failure; readonly replayed: boolean };

export const refuse = (reason: Failure): Answer => ({
  kind: "failure",
  failure: reason,
  replayed: false,
});

/** The payment as it is now. */
export const present = (record: IntentRecord | null, status: number): Answer =>
  record === null
    ? refuse(goneAway)
    : { kind: "object", status, body: JSON.stringify(toView(record)), replayed: false };

/** What a repeated request is recognised by. */
export interface RepeatKey {
  /** Derived from path and Idempotency-Key. */
  readonly request: string;
  readonly fingerprint: string;
}

/**
 * Runs an operation once per key. Only a certain answer is kept: after an error or an open outcome
 * the repeat goes on where the first one stopped. Operations that share work join each other in
 * the object, so two that run at once do nothing twice.
 */
export async function once(
  store: IntentStorage,
  { request, fingerprint }: RepeatKey,
  run: () => Promise<Answer>,
): Promise<Answer> {
  const stored = store.answer(request);
  if (stored !== null && stored.fingerprint !== fingerprint) {
    return refuse(
      failure(
        "IDEMPOTENCY_MISMATCH",
        "This Idempotency-Key was used with another body; use a new one.",
      ),
    );
  }
  if (stored?.body != null && stored.status !== null) {
    return { kind: "object", status: stored.status, body: stored.body, replayed: true };
  }
  store.saveAnswer(request, { fingerprint, status: null, body: null });
  const answer = await run();
  if (answer.kind === "object" && answer.status === 200) {
    store.saveAnswer(request, { fingerprint, status: answer.status, body: answer.body });
  }
  return answer;
}
