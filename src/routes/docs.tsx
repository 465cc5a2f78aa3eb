import type { App } from "./http.ts";

export function registerDocs(app: App): void {
  void app;
}
