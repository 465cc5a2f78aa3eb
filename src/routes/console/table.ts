/** Every page of the console, in the order of the navigation. A new page is one line here. */
import type { Page } from "./env.ts";
import { overviewPage } from "./pages/overview.tsx";

export const PAGES: readonly Page[] = [overviewPage];
