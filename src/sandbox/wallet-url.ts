/** Where the buyer of a simulated order is: the page at which somebody plays the wallet. */
import type { SandboxWorld } from "./simulator.ts";

export const walletUrl = ({ publicBase }: Pick<SandboxWorld, "publicBase">, orderNumber: string) =>
  `${publicBase}/sandbox/wallet/${orderNumber}`;
