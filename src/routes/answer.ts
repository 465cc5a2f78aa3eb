/** The answer of a payment's object as an HTTP reply; its JSON goes out as it was committed. */
import { ApiError } from "../errors.ts";
import type { Answer } from "../intent/answers.ts";

/** Seconds to wait before a request that cannot be served now. */
function retryAfter({ code, details }: Extract<Answer, { kind: "failure" }>["failure"]) {
  if (code === "IDEMPOTENCY_IN_FLIGHT") return "2";
  const seconds = details?.["retry_after_seconds"];
  return code === "RATE_LIMITED" && typeof seconds === "number" ? String(seconds) : null;
}

/** @throws ApiError for a refusal */
export function answerReply(answer: Answer): Response {
  const replayed: Record<string, string> = answer.replayed ? { "Idempotent-Replayed": "true" } : {};
  if (answer.kind === "failure") {
    const wait = retryAfter(answer.failure);
    const retry: Record<string, string> = wait === null ? {} : { "Retry-After": wait };
    throw new ApiError(answer.failure, { ...replayed, ...retry });
  }
  return new Response(answer.body, {
    status: answer.status,
    headers: { "Content-Type": "application/json", ...replayed },
  });
}
