/**
 * The simulated `alipay.data.dataservice.bill.downloadurl.query` and the download behind its link.
 * Daily bills only. Unlike the real one it also answers for today, with what is booked so far, so
 * that nobody has to wait for tomorrow to try.
 */
import * as z from "zod";

import type { SandboxWorld } from "../../../sandbox/simulator.ts";
import {
  type Booking,
  bookingDay,
  DAY_FAULTS,
  type DayFault,
  entriesOf,
} from "../../../sandbox/statement.ts";
import { openTicket, sealTicket } from "../../../sandbox/ticket.ts";
import { BILL_TYPES, billArchive } from "./bill-files.ts";
import { sellerIdOf } from "./identity.ts";
import { keptOf } from "./order.ts";
import { businessFailure, success, type Node } from "./reply.ts";
import type { Caller, Content } from "./trades.ts";

const CHANNEL = "alipay";

export const BILL_METHOD = "alipay.data.dataservice.bill.downloadurl.query";

/** Stands for dwbillcenter.alipay.com, which has a host of its own. */
export const BILL_PATH = "/downloadBillFile.resource";

/** A link is good for this long, in milliseconds. */
const LINK_MS = 30_000;

const fields = z.looseObject({ bill_type: z.enum(BILL_TYPES), bill_date: z.iso.date() });

/** What a download link means. */
const Ticket = z.object({
  day: z.string(),
  type: z.enum(BILL_TYPES),
  app_id: z.string(),
  auth_app_id: z.string().nullable(),
  seller: z.string(),
  fault: z.enum(DAY_FAULTS).nullable(),
  up_to: z.int(),
  asked_at: z.int(),
});

type Ticket = z.infer<typeof Ticket>;

/** The seller's number: the authorised merchant's, the registered one, or the sandbox's own. */
async function sellerOf({ appId, authAppId }: Caller, world: SandboxWorld): Promise<string> {
  if (authAppId !== null) return sellerIdOf(authAppId);
  const names = Object.keys((await world.registeredMerchant(appId))?.publicKeys ?? {});
  return names.find((name) => name.startsWith("2088")) ?? sellerIdOf(appId);
}

/** An application may act for several merchants; each has a bill of its own. */
const linesOf = (
  day: string,
  bookings: readonly Booking[],
  fault: DayFault | null,
  authAppId: string | null,
) => {
  const own = bookings.filter(
    ({ parameters }) => keptOf({ parameters })?.auth_app_id === authAppId,
  );
  return entriesOf(day, own, fault);
};

/**
 * `bill_download_url`, good for 30 seconds and for whoever holds it.
 * @param origin where the gateway was asked
 */
export async function linkToBill(
  content: Content,
  caller: Caller,
  origin: string,
  world: SandboxWorld,
): Promise<Node> {
  const parsed = fields.safeParse(content);
  // Alipay's own spelling.
  const invalid = businessFailure("isv.invaild-arguments", "非法参数");
  if (!parsed.success) return invalid;
  const { bill_date: day, bill_type: type } = parsed.data;
  if (day > bookingDay(world.now)) return invalid;
  const { appId, authAppId } = caller;
  const { bookings, fault, late, upTo } = await world.orders.ask(CHANNEL, appId, day);
  if (late) return businessFailure("isp.bill_not_ready", "账单正在生成");
  if (linesOf(day, bookings, fault, authAppId).length === 0) {
    return businessFailure("isp.bill_not_exist", "账单不存在");
  }
  const ticket: Ticket = {
    day,
    type,
    app_id: appId,
    auth_app_id: authAppId,
    seller: await sellerOf(caller, world),
    fault,
    up_to: upTo,
    asked_at: world.now,
  };
  const url = new URL(BILL_PATH, origin);
  // Real links are no https ones.
  url.protocol = "http:";
  url.search = new URLSearchParams({
    bizType: type,
    userId: `${ticket.seller}0156`,
    fileType: "csv.zip",
    bizDates: day.replaceAll("-", ""),
    downloadFileName: `${ticket.seller}0156_${day.replaceAll("-", "")}.csv.zip`,
    token: await sealTicket(ticket, world),
  }).toString();
  return success({ bill_download_url: url.toString() });
}

/** Null: the link is not one of ours, or too old. */
export async function downloadBill(
  request: Request,
  world: SandboxWorld,
): Promise<Response | null> {
  const token = new URL(request.url).searchParams.get("token") ?? "";
  const ticket = await openTicket(Ticket, token, world);
  if (ticket === null || world.now >= ticket.asked_at + LINK_MS) return null;
  const { day, app_id, auth_app_id, type, seller, fault, asked_at } = ticket;
  const bookings = await world.orders.bookings(CHANNEL, app_id, day, ticket.up_to);
  const lines = linesOf(day, bookings, fault, auth_app_id);
  const archive = await billArchive({ type, day, seller, fault, now: asked_at }, lines);
  return new Response(archive, { headers: { "Content-Type": "application/octet-stream" } });
}
