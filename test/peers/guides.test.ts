/**
 * The code of docs/guides, run as a merchant would run it: what checks our webhooks judges our own
 * signatures. Languages that are not on this machine are skipped, and named.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, it } from "vitest";

import { authenticate } from "../../src/channels/bank/authenticate.ts";
import { readMessage } from "../../src/channels/bank/message.ts";
import { profileOf } from "../../src/channels/bank/profiles.ts";
import { importVerifier } from "../../src/channels/bank/verifier.ts";
import { buildEvent } from "../../src/envelope.ts";
import { secureRandom } from "../../src/ids.ts";
import { newSecret, signatureHeaders } from "../../src/webhooks/signing.ts";
import { blocksOf, filesOf } from "../docs/blocks.ts";

const GUIDES = path.resolve(import.meta.dirname, "../../docs/guides");
const textOf = (slug: string) => readFileSync(path.join(GUIDES, `${slug}.md`), "utf8");
const files = filesOf(textOf("webhooks"));

const folder = mkdtempSync(path.join(tmpdir(), "itpay-guides-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function save(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

const event = buildEvent({
  id: "evt_01h5mkvqs8kzr9p7c3x2d4f6g8",
  type: "payment_intent.succeeded",
  livemode: false,
  sequence: 7,
  createdAt: Date.UTC(2026, 10, 1, 8, 30),
  requestId: null,
  data: { id: "pi_1", merchant_order_id: "1001", description: "咖啡 ราคา – naïve 🧧 \u2028" },
});

const NOW = 1_793_521_800;

interface Case {
  readonly name: string;
  readonly secret: string;
  readonly header: string;
  readonly body: string;
  readonly now: number;
  readonly genuine: boolean;
}

async function headerFor(secrets: string[], timestamp = NOW): Promise<string> {
  const signed = await signatureHeaders({
    eventId: event.id,
    body: event.payload,
    timestamp,
    secrets,
  });
  return signed["X-ItPay-Signature"] ?? "";
}

async function makeCases(): Promise<Case[]> {
  const [secret, other] = [newSecret(secureRandom), newSecret(secureRandom)];
  const header = await headerFor([secret]);
  const mac = /v1=([0-9a-f]+)/.exec(header)?.[1] ?? "";
  const genuine = { secret, header, body: event.payload, now: NOW, genuine: true };
  const forged = { ...genuine, genuine: false };
  return [
    { ...genuine, name: "as it was sent" },
    {
      ...genuine,
      name: "the old secret during a rotation",
      header: await headerFor([other, secret]),
    },
    {
      ...genuine,
      name: "the new secret during a rotation",
      header: await headerFor([secret, other]),
    },
    { ...genuine, name: "300 s old", now: NOW + 300 },
    { ...genuine, name: "300 s ahead", now: NOW - 300 },
    { ...forged, name: "too old", now: NOW + 301 },
    { ...forged, name: "from the future", now: NOW - 301 },
    { ...forged, name: "another secret", header: await headerFor([other]) },
    { ...forged, name: "another body", body: event.payload.replace("1001", "1002") },
    { ...forged, name: "a longer body", body: `${event.payload} ` },
    { ...forged, name: "another time", header: header.replace(/t=\d+/, `t=${NOW + 1}`) },
    { ...forged, name: "no time", header: `v1=${mac}` },
    { ...forged, name: "a time that is none", header: `t=now,v1=${mac}` },
    { ...forged, name: "a time without end", header: `t=${"9".repeat(5_000)},v1=${mac}` },
    { ...forged, name: "no signature", header: `t=${NOW}` },
    { ...forged, name: "an empty signature", header: `t=${NOW},v1=` },
    { ...forged, name: "half a signature", header: `t=${NOW},v1=${mac.slice(0, 32)}` },
    { ...forged, name: "another scheme", header: `t=${NOW},v0=${mac}` },
    { ...forged, name: "letters that are no hex", header: `t=${NOW},v1=${"é".repeat(64)}` },
    { ...forged, name: "no header", header: "" },
    {
      ...forged,
      name: "keyed with what stands behind whsec_",
      header: `t=${NOW},v1=${createHmac("sha256", Buffer.from(secret.slice(6), "base64"))
        .update(`${NOW}.${event.payload}`)
        .digest("hex")}`,
    },
  ];
}

const cases = await makeCases();

/** A program that reads the cases and prints a JSON list of its answers. */
interface Language {
  readonly name: string;
  /** What has to be on the machine, and how it says so. */
  readonly probe: readonly [program: string, ...args: string[]];
  /** @returns the command to run; the cases are in `input`, a line each */
  readonly prepare: (input: string) => readonly [program: string, ...args: string[]];
}

/** A line for each case, of texts that any language splits: base64 between blanks. */
const input = save(
  "cases.txt",
  cases
    .map(({ secret, header, body, now }) =>
      [secret, header, body, String(now)]
        .map((text) => (text === "" ? "-" : Buffer.from(text).toString("base64")))
        .join(" "),
    )
    .join("\n"),
);

const LANGUAGES: readonly Language[] = [
  {
    name: "Python",
    probe: ["python3", "--version"],
    prepare: (lines) => {
      save("verify.py", files["verify.py"] ?? "");
      const program = `
import base64, json, sys
sys.path.insert(0, ${JSON.stringify(folder)})
from verify import is_from_itpay
text = lambda part: b"" if part == "-" else base64.b64decode(part)
print(json.dumps([
    is_from_itpay(text(s).decode(), text(h).decode(), text(b), int(text(n)))
    for s, h, b, n in (line.split(" ") for line in open(${JSON.stringify(lines)}).read().split("\\n"))
]))`;
      return ["python3", save("run.py", program)];
    },
  },
  {
    name: "PHP",
    probe: ["php", "--version"],
    prepare: (lines) => {
      const program = `${files["verify.php"] ?? ""}
$text = fn($part) => $part === '-' ? '' : base64_decode($part);
$answers = [];
foreach (explode("\\n", file_get_contents(${JSON.stringify(lines)})) as $line) {
    [$s, $h, $b, $n] = array_map($text, explode(' ', $line));
    $answers[] = isFromItPay($s, $h, $b, (int) $n);
}
echo json_encode($answers);`;
      return ["php", save("run.php", program)];
    },
  },
  {
    name: "Go",
    probe: ["go", "version"],
    prepare: (lines) => {
      const source = (files["verify.go"] ?? "")
        .replace("package itpay", "package main")
        .replace("import (", 'import (\n\t"encoding/base64"\n\t"encoding/json"\n\t"fmt"\n\t"os"');
      const program = `${source}
func main() {
	data, _ := os.ReadFile(${JSON.stringify(lines)})
	answers := []bool{}
	for _, line := range strings.Split(string(data), "\\n") {
		var parts []string
		for _, part := range strings.Split(line, " ") {
			text := []byte{}
			if part != "-" {
				text, _ = base64.StdEncoding.DecodeString(part)
			}
			parts = append(parts, string(text))
		}
		seconds, _ := strconv.ParseInt(parts[3], 10, 64)
		answers = append(answers, IsFromItPay(parts[0], parts[1], []byte(parts[2]), time.Unix(seconds, 0)))
	}
	out, _ := json.Marshal(answers)
	fmt.Println(string(out))
}`;
      return ["go", "run", save("run.go", program)];
    },
  },
  {
    name: "Java",
    probe: ["java", "--version"],
    prepare: (lines) => {
      const source = files["ItPayWebhooks.java"] ?? "";
      const imports = source.slice(0, source.indexOf("final class"));
      const program = `${imports}
public class Run {
    static byte[] text(String part) {
        return part.equals("-") ? new byte[0] : java.util.Base64.getDecoder().decode(part);
    }
    public static void main(String[] args) throws Exception {
        List<String> answers = new ArrayList<>();
        for (String line : java.nio.file.Files.readString(java.nio.file.Path.of(${JSON.stringify(lines)})).split("\\n")) {
            String[] p = line.split(" ");
            answers.add(String.valueOf(ItPayWebhooks.isFromItPay(
                new String(text(p[0]), StandardCharsets.UTF_8),
                new String(text(p[1]), StandardCharsets.UTF_8),
                text(p[2]),
                Long.parseLong(new String(text(p[3]), StandardCharsets.UTF_8)))));
        }
        System.out.println("[" + String.join(",", answers) + "]");
    }
}
${source.slice(imports.length)}`;
      return ["java", save("Run.java", program)];
    },
  },
];

const isThere = ([program, ...args]: Language["probe"]): boolean => {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

const named = (answers: readonly boolean[]) =>
  Object.fromEntries(cases.map(({ name }, at) => [name, answers[at]]));
const right = named(cases.map(({ genuine }) => genuine));

describe("webhooks.md checks what we sign", () => {
  it("in Node.js", async ({ expect }) => {
    const file = save("verify.mjs", files["verify.mjs"] ?? "");
    const { isFromItPay } = (await import(pathToFileURL(file).href)) as {
      isFromItPay: (secret: string, header: string, body: unknown, now: number) => boolean;
    };
    const ask = (as: (body: string) => unknown) =>
      named(
        cases.map(({ secret, header, body, now }) => isFromItPay(secret, header, as(body), now)),
      );
    expect(ask((body) => body)).toEqual(right);
    expect(ask((body) => Buffer.from(body))).toEqual(right);
  });

  for (const language of LANGUAGES) {
    it.skipIf(!isThere(language.probe))(`in ${language.name}`, ({ expect }) => {
      const [program, ...args] = language.prepare(input);
      const answers = JSON.parse(execFileSync(program, args).toString()) as boolean[];
      expect(named(answers)).toEqual(right);
    });
  }

  it("with the library that it names", async ({ expect }) => {
    expect(textOf("webhooks")).toContain('import { Webhook } from "standardwebhooks"');
    const { Webhook } = await import("standardwebhooks");
    const secret = newSecret(secureRandom);
    const timestamp = Math.floor(Date.now() / 1_000);
    const headers = await signatureHeaders({
      eventId: event.id,
      body: event.payload,
      timestamp,
      secrets: [secret],
    });
    expect(new Webhook(secret).verify(event.payload, headers)).toMatchObject({ id: event.id });
  });
});

describe("the receiver of webhooks.md", () => {
  it("takes what is ours once, and refuses everything else", async ({ expect }) => {
    save("verify.mjs", files["verify.mjs"] ?? "");
    const program = save("receiver.mjs", files["receiver.mjs"] ?? "");
    const secret = newSecret(secureRandom);
    const child = spawn(process.execPath, [program], {
      env: { ...process.env, ITPAY_WEBHOOK_SECRET: secret, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      let written = "";
      const port = await new Promise<string>((resolve) => {
        child.stdout.on("data", (chunk: Buffer) => {
          written += chunk.toString();
          const found = /listening on (\d+)/.exec(written)?.[1];
          if (found !== undefined) resolve(found);
        });
      });
      const timestamp = Math.floor(Date.now() / 1_000);
      const signed = await signatureHeaders({
        eventId: event.id,
        body: event.payload,
        timestamp,
        secrets: [secret],
      });
      const post = async (body: string, headers: Record<string, string>) =>
        (await fetch(`http://127.0.0.1:${port}/hooks/itpay`, { method: "POST", body, headers }))
          .status;
      expect(await post(event.payload, signed)).toBe(204);
      expect(await post(event.payload, signed)).toBe(204);
      expect(await post(`${event.payload} `, signed)).toBe(400);
      expect(await post(event.payload, {})).toBe(400);
      expect(written.match(/order 1001 is paid/g)).toHaveLength(1);
    } finally {
      child.kill();
    }
  });
});

describe("the code of the other guides", () => {
  it("pay.mjs asks for a payment and tells what was wrong", async ({ expect }) => {
    const file = save("pay.mjs", filesOf(textOf("first-payment"))["pay.mjs"] ?? "");
    const asked: { headers: Record<string, unknown>; url: string; body: unknown }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
        asked.push({ headers: request.headers, url: request.url ?? "", body });
        const first = asked.length === 1;
        response.writeHead(first ? 201 : 400, { "Content-Type": "application/json" });
        const error = { code: "AMOUNT_INVALID", message: "no" };
        response.end(JSON.stringify(first ? { id: "pi_1" } : { error, request_id: "req_1" }));
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    process.env["ITPAY_URL"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const { createPayment } = (await import(pathToFileURL(file).href)) as {
        createPayment: (order: unknown, key: string) => Promise<unknown>;
      };
      const order = {
        number: "1001",
        currency: "CNY",
        minorUnits: 699,
        channel: "wechat",
        title: "Coffee",
      };
      expect(await createPayment(order, "sk_test_x")).toEqual({ id: "pi_1" });
      expect(asked[0]).toMatchObject({
        url: "/v1/payment-intents",
        headers: { authorization: "Bearer sk_test_x", "idempotency-key": "order-1001" },
        body: { amount: { currency: "CNY", value: 699 }, merchant_order_id: "1001" },
      });
      await expect(createPayment(order, "sk_test_x")).rejects.toThrow("AMOUNT_INVALID: no (req_1)");
    } finally {
      delete process.env["ITPAY_URL"];
      await new Promise((resolve) => void server.close(resolve));
    }
  });

  it("relay.mjs signs as generic_hmac wants it", async ({ expect }) => {
    const file = save("relay.mjs", filesOf(textOf("going-live-banks"))["relay.mjs"] ?? "");
    const { tell } = (await import(pathToFileURL(file).href)) as {
      tell: (url: string, secret: string, payment: unknown) => Promise<boolean>;
    };
    const example = blocksOf(textOf("going-live-banks")).find(
      ({ language, text }) => language === "json" && text.includes('"paid_at"'),
    );
    const payment: unknown = JSON.parse(example?.text ?? "");
    const profile = profileOf("generic_hmac");
    const settings = { profile: "generic_hmac", secret: "at-least-16-characters" };
    const verifier = await importVerifier({ profile, settings });
    const read: unknown[] = [];
    const answer = async (request: IncomingMessage, body: Buffer, response: ServerResponse) => {
      const headers = new Headers(request.headers as Record<string, string>);
      const result = await authenticate(
        verifier,
        { headers, body: new Uint8Array(body) },
        Date.now(),
      );
      read.push(result.ok ? readMessage(profile.message, result.value, {}) : result);
      response.writeHead(result.ok ? 200 : 401).end();
    };
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => void answer(request, Buffer.concat(chunks), response));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      expect(await tell(url, settings.secret, payment)).toBe(true);
      expect(await tell(url, "another-secret-16-chars", payment)).toBe(false);
      expect(read[0]).toMatchObject({
        ok: true,
        value: { kind: "news", news: { state: "paid", amount: { currency: "SGD", value: 699 } } },
      });
      expect(read[1]).toMatchObject({ ok: false });
    } finally {
      await new Promise((resolve) => void server.close(resolve));
    }
  });

  it("every block in a language that is checked here is run here", ({ expect }) => {
    const code = ["js", "py", "php", "go", "java"];
    const slugs = ["first-payment", "webhooks", "going-live-banks"];
    const captions = slugs.flatMap((slug) =>
      blocksOf(textOf(slug)).flatMap(({ language, caption }) =>
        code.includes(language) ? [caption] : [],
      ),
    );
    expect(captions.toSorted()).toEqual(
      [
        "", // the library
        "ItPayWebhooks.java",
        "pay.mjs",
        "receiver.mjs",
        "relay.mjs",
        "verify.go",
        "verify.mjs",
        "verify.php",
        "verify.py",
      ].toSorted(),
    );
  });
});
