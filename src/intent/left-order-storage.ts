/** The table of the orders that the buyer has left. It is made with the first one: most payments have none. */
import type { ChannelOrder, LeftOrder } from "./record.ts";

export const LEFT_ORDER_TABLE = `
CREATE TABLE IF NOT EXISTS left_order (
  number TEXT PRIMARY KEY,
  channel_order TEXT NOT NULL CHECK (json_valid(channel_order)),
  channel_transaction_id TEXT,
  reversed INTEGER NOT NULL CHECK (reversed IN (0, 1)),
  close_at INTEGER,
  asks INTEGER NOT NULL
) STRICT, WITHOUT ROWID`;

export interface LeftOrderRow extends Record<string, SqlStorageValue> {
  number: string;
  channel_order: string;
  channel_transaction_id: string | null;
  reversed: number;
  close_at: number | null;
  asks: number;
}

export const leftOrderFromRow = (row: LeftOrderRow): LeftOrder => ({
  order: JSON.parse(row.channel_order) as ChannelOrder,
  channelTransactionId: row.channel_transaction_id,
  reversed: row.reversed === 1,
  closeAt: row.close_at,
  asks: row.asks,
});

export const leftOrderToRow = (left: LeftOrder): LeftOrderRow => ({
  number: left.order.number,
  channel_order: JSON.stringify(left.order),
  channel_transaction_id: left.channelTransactionId,
  reversed: Number(left.reversed),
  close_at: left.closeAt,
  asks: left.asks,
});
