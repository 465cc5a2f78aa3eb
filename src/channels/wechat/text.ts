/** Which text WeChat Pay takes. */

/** It takes code points of up to three bytes of UTF-8; lone surrogates have none. */
export const FOUR_BYTES = /[\u{10000}-\u{10FFFF}\p{Surrogate}]/gu;
