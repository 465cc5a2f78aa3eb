/** The kinds of field that a sub-merchant's application has. */
import * as z from "zod";

import { utf8 } from "../../crypto/encoding.ts";

/** RSA-OAEP with SHA-1 takes this many bytes under a key of 2048 bits. */
const SECRET_BYTES = 214;

export const text = z.string().min(1).max(512);
export const secret = z
  .string()
  .min(1)
  .refine((value) => utf8(value).length <= SECRET_BYTES, `must have at most ${SECRET_BYTES} bytes`)
  .describe("In clear; encrypted before it is sent.");
export const media = z.string().min(1).max(512).describe("media_id of an uploaded picture.");
export const pictures = z.array(media).min(1).max(10);
export const appid = z.string().min(1).max(64);

export const documentType = z.enum([
  "IDENTIFICATION_TYPE_IDCARD",
  "IDENTIFICATION_TYPE_OVERSEA_PASSPORT",
  "IDENTIFICATION_TYPE_HONGKONG_PASSPORT",
  "IDENTIFICATION_TYPE_MACAO_PASSPORT",
  "IDENTIFICATION_TYPE_TAIWAN_PASSPORT",
  "IDENTIFICATION_TYPE_FOREIGN_RESIDENT",
  "IDENTIFICATION_TYPE_HONGKONG_MACAO_RESIDENT",
  "IDENTIFICATION_TYPE_TAIWAN_RESIDENT",
]);
