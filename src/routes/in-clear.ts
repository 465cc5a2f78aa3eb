/** Keys and sessions travel over TLS alone. */

const LOCAL = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a production deployment was asked over plain HTTP; on the own machine that is allowed. */
export function isInClear(env: Pick<Env, "ENVIRONMENT">, address: string): boolean {
  const { protocol, hostname } = new URL(address);
  return env.ENVIRONMENT === "production" && protocol !== "https:" && !LOCAL.has(hostname);
}
