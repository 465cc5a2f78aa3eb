/**
 * The simulated trade bill: the request for it, and the download of the file. Unlike the real one
 * it also answers for today, with what is booked so far, so that nobody has to wait for tomorrow to
 * try. A service provider's bill is of one sub-merchant; one of all of them is not simulated.
 */
import * as z from "zod";

import { toHex, utf8 } from "../../../crypto/encoding.ts";
import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import {
  type Booking,
  bookingDay,
  DAY_FAULTS,
  type DayFault,
  entriesOf,
  tampered,
  truncated,
} from "../../../sandbox/statement.ts";
import { openTicket, sealTicket } from "../../../sandbox/ticket.ts";
import { compressed } from "../../../sandbox/zip.ts";
import { BILL_TYPES, billFile, ofType } from "./bill-file.ts";
import { readForm } from "./forms.ts";
import { isOrderOf, type Parties } from "./parties.ts";
import { isRefusal, refuse, type Answer } from "./reply.ts";
import type { AuthenticRequest } from "./request.ts";

const SLUG = "wechat";

const FILE_PATH = "/v3/billdownload/file";

/** A link is good for this long, in milliseconds. */
const LINK_MS = 300_000;

const query = z.strictObject({
  bill_date: z.iso.date(),
  bill_type: z.enum(BILL_TYPES).default("ALL"),
  tar_type: z.literal("GZIP").optional(),
  sub_mchid: z
    .string()
    .regex(/^\d{6,32}$/)
    .optional(),
});

/** What a download link means. */
const Ticket = z.object({
  day: z.string(),
  type: z.enum(BILL_TYPES),
  packed: z.boolean(),
  caller: z.string(),
  payee: z.string(),
  fault: z.enum(DAY_FAULTS).nullable(),
  up_to: z.int(),
  expires_at: z.int(),
});

type Ticket = z.infer<typeof Ticket>;

const noStatement = refuse(400, "NO_STATEMENT_EXIST", "账单文件不存在");

/** Three months, counted in days of the calendar. */
function oldestDay(today: string): string {
  const date = new Date(`${today}T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() - 3);
  return date.toISOString().slice(0, 10);
}

/** The file as it was made, before anything happens to it; null: nothing was booked. */
function contentOf(
  { day, type, caller, payee }: Pick<Ticket, "day" | "type" | "caller" | "payee">,
  bookings: readonly Booking[],
  fault: DayFault | null,
): string | null {
  const parties: Parties = { caller, payee };
  const own = bookings.filter((booking) => isOrderOf(booking, parties));
  const entries = ofType(type, entriesOf(day, own, fault));
  return entries.length === 0 ? null : billFile(type, entries, parties);
}

export async function requestBill(request: AuthenticRequest, world: SandboxWorld): Promise<Answer> {
  const read = readForm(query, Object.fromEntries(request.url.searchParams));
  if (isRefusal(read)) return read;
  const { bill_date: day, bill_type: type, tar_type, sub_mchid } = read.value;
  const today = bookingDay(world.now);
  if (day > today || day < oldestDay(today)) {
    return refuse(400, "INVALID_REQUEST", "仅支持三个月内的账单下载申请");
  }
  const caller = request.merchant.mchid;
  const payee = sub_mchid ?? caller;
  if (sub_mchid === caller) return refuse(403, "NO_AUTH", "受理关系不存在");
  const { bookings, fault, late, upTo } = await world.orders.ask(SLUG, payee, day);
  if (late) return refuse(400, "STATEMENT_CREATING", "账单正在生成，请稍后再试");
  const terms = { day, type, caller, payee };
  const content = contentOf(terms, bookings, fault);
  if (content === null) return noStatement;
  const ticket: Ticket = {
    ...terms,
    packed: tar_type === "GZIP",
    fault,
    up_to: upTo,
    expires_at: world.now + LINK_MS,
  };
  const url = new URL(FILE_PATH, request.url.origin);
  url.searchParams.set("token", await sealTicket(ticket, world));
  const body = {
    hash_type: "SHA1",
    // Of the file itself, whether or not it is packed for its way.
    hash_value: toHex(new Uint8Array(await crypto.subtle.digest("SHA-1", utf8(content)))),
    download_url: url.toString(),
  };
  return { status: 200, body };
}

/** The only success without a signature: the hash in the signed answer vouches for the file. */
export async function downloadBill(
  request: AuthenticRequest,
  world: SandboxWorld,
): Promise<Answer> {
  const token = request.url.searchParams.get("token") ?? "";
  const ticket = await openTicket(Ticket, token, world);
  if (ticket === null || ticket.expires_at <= world.now) {
    return refuse(400, "INVALID_REQUEST", "下载链接无效或已过期");
  }
  const { day, payee, fault } = ticket;
  if (ticket.caller !== request.merchant.mchid) return refuse(403, "NO_AUTH", "商户无权限");
  const bookings = await world.orders.bookings(SLUG, payee, day, ticket.up_to);
  const content = contentOf(ticket, bookings, fault);
  if (content === null) return noStatement;
  const text = utf8(fault === "tampered" ? tampered(content) : content);
  const file = ticket.packed ? await compressed(text, "gzip") : text;
  return { status: 200, file: fault === "truncated" ? truncated(file) : file };
}
