interface Env {
  /** Optional secret; without it /v1/admin answers 403 to everybody. */
  ADMIN_TOKEN?: string;
}

declare namespace Cloudflare {
  interface Env {
    ADMIN_TOKEN?: string;
  }
}
