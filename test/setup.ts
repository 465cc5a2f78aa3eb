import { startAfresh } from "./runtime.ts";

await startAfresh();
