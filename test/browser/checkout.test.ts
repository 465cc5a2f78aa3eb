/** The checkout page in a browser: a buyer pays, and the page does the rest by itself. */
import { PNG } from "pngjs";
