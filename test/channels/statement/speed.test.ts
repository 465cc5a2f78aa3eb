import { it } from "vitest";
import { wechatStatement } from "../../../src/channels/wechat/statement.ts";
import { alipayStatement } from "../../../src/channels/alipay/statement.ts";
import vector from "../../vectors/wechat-bill.json";
import { expected, gzip, readAll, sourceOf, utf8, refusal } from "./kit.ts";
it("sample", async ({ expect }) => {
  const about = expected({ day: "2019-02-19", merchantAccount: "1921000401" });
  const lines = await readAll(wechatStatement, vector.text, about);
  expect(lines.length).toBe(45);
  console.log(JSON.stringify(lines.slice(0, 3)));
  const [head, ...rest] = vector.text.split("\r\n");
  const rows = rest.slice(0, 45);
  for (const n of [1000, 200000]) {
    const many = Array.from({ length: n / 40 }, (_, i) => rows.slice(0, 40).join("\r\n") + "\r\n");
    const bytes = utf8(head + "\r\n" + many.join("") + rest[45] + "\r\n" + "`" + n + ",`1\r\n");
    const chunk = 65536;
    let count = 0;
    const started = performance.now();
    for (const b of [bytes]) {
      try {
        for await (const l of wechatStatement.read(sourceOf(b, "x", chunk), about))
          count += l.length;
      } catch (e) {
        console.log(String(e));
      }
    }
    console.log("plain", count, bytes.length, Math.round(performance.now() - started), "ms");
    const packed = await gzip(bytes);
    const s2 = performance.now();
    count = 0;
    try {
      for await (const l of wechatStatement.read(sourceOf(packed, "x", chunk), about))
        count += l.length;
    } catch (e) {
      console.log(String(e));
    }
    console.log("gz", count, packed.length, Math.round(performance.now() - s2), "ms");
    const s3 = performance.now();
    count = 0;
    try {
      for await (const l of wechatStatement.read(sourceOf(packed, "x", chunk), {
        ...about,
        sha1: "00",
      }))
        count += l.length;
    } catch (e) {
      console.log(String(e));
    }
    console.log("gz+sha", count, packed.length, Math.round(performance.now() - s3), "ms");
  }
  const zeros = await gzip(new Uint8Array(600 << 20).fill(0x20));
  const s3 = performance.now();
  console.log(await refusal(wechatStatement, zeros), Math.round(performance.now() - s3));
}, 120000);
