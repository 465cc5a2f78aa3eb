/** Samples of the sandbox's own objects and bodies. */

const planted = {
  channel_account: "ca_01k5x0e8m3v7q2r9t4w6y8z0ab",
  date: "2026-11-01",
  fault: "extra_line",
};

export const SANDBOX_SAMPLES = {
  SandboxStatement: { object: "sandbox_statement", ...planted },
} as const;

export const SANDBOX_BODIES = { plantStatementFault: planted } as const;
