import { describe, it } from "vitest";

import { REFUSED_RANGES } from "../../src/webhooks/addresses.ts";
import { checkEndpointUrl, ownHostsOf } from "../../src/webhooks/policy.ts";

const production = {
  livemode: true,
  environment: "production",
  ownHosts: ["pay.gateway.example", "cn.gateway.example"],
};
const verdict = (url: string, policy = production) => checkEndpointUrl(url, policy);

describe("endpoint URLs that are taken", () => {
  it.for([
    ["https://shop.example/hooks", "https://shop.example/hooks"],
    ["https://SHOP.example/Hooks?key=1", "https://shop.example/Hooks?key=1"],
    ["https://shop.example:443/h", "https://shop.example/h"],
    ["https://shop.example:8443/h", "https://shop.example:8443/h"],
    ["https://bücher.example/h", "https://xn--bcher-kva.example/h"],
    ["https://8.8.8.8/h", "https://8.8.8.8/h"],
    ["https://[2606:4700:4700::1111]/h", "https://[2606:4700:4700::1111]/h"],
    // Names that only look like something refused.
    ["https://localhost.shop.example/h", "https://localhost.shop.example/h"],
    ["https://internal-shop.example/h", "https://internal-shop.example/h"],
    ["https://notpay.gateway.example.org/h", "https://notpay.gateway.example.org/h"],
    ["https://172.32.0.1/h", "https://172.32.0.1/h"],
    ["https://100.128.0.1/h", "https://100.128.0.1/h"],
    ["https://192.0.1.1/h", "https://192.0.1.1/h"],
  ] as const)("%s", ([url, href], { expect }) => {
    const result = verdict(url);
    expect(result.ok && result.value.href).toBe(href);
  });
});

describe("endpoint URLs that are refused (SSRF)", () => {
  it.for([
    // RFC 1918, loopback, link-local, metadata
    ["https://10.0.0.1/", "private"],
    ["https://10.255.255.255/", "private"],
    ["https://172.16.0.1/", "private"],
    ["https://172.31.255.255/", "private"],
    ["https://192.168.1.1/", "private"],
    ["https://127.0.0.1/", "loopback"],
    ["https://127.255.255.254/", "loopback"],
    ["https://169.254.169.254/latest/meta-data/", "link-local"],
    ["https://169.254.170.2/", "link-local"],
    ["https://168.63.129.16/", "Azure"],
    ["https://100.100.100.200/", "carrier-grade"],
    ["https://100.64.0.1/", "carrier-grade"],
    ["https://100.127.255.255/", "carrier-grade"],
    ["https://192.0.0.192/", "protocol assignments"],
    ["https://0.0.0.0/", "this network"],
    ["https://0.1.2.3/", "this network"],
    ["https://192.0.2.1/", "documentation"],
    ["https://198.51.100.1/", "documentation"],
    ["https://203.0.113.1/", "documentation"],
    ["https://192.88.99.1/", "6to4"],
    ["https://198.18.0.1/", "benchmarking"],
    ["https://198.19.255.255/", "benchmarking"],
    ["https://224.0.0.1/", "multicast"],
    ["https://239.255.255.255/", "multicast"],
    ["https://240.0.0.1/", "reserved"],
    ["https://255.255.255.255/", "broadcast"],
    // the same addresses in other spellings
    ["https://2130706433/", "loopback"],
    ["https://0x7f000001/", "loopback"],
    ["https://0x7f.0.0.1/", "loopback"],
    ["https://0177.0.0.1/", "loopback"],
    ["https://017700000001/", "loopback"],
    ["https://127.1/", "loopback"],
    ["https://0/", "this network"],
    ["https://2852039166/", "link-local"],
    ["https://0xA9FEA9FE/", "link-local"],
    ["https://0251.0376.0251.0376/", "link-local"],
    ["https://%31%32%37.0.0.1/", "loopback"],
    ["https://１２７.0.0.1/", "loopback"],
    ["https://127。0。0。1/", "loopback"],
    ["https://127.0.0.1./", "loopback"],
    // IPv6
    ["https://[::]/", "unspecified"],
    ["https://[::1]/", "loopback"],
    ["https://[0:0:0:0:0:0:0:1]/", "loopback"],
    ["https://[::127.0.0.1]/", "IPv4-compatible"],
    ["https://[::ffff:127.0.0.1]/", "IPv4-mapped"],
    ["https://[::ffff:a9fe:a9fe]/", "IPv4-mapped"],
    ["https://[::ffff:8.8.8.8]/", "IPv4-mapped"],
    ["https://[64:ff9b::7f00:1]/", "translation"],
    ["https://[64:ff9b:1::1]/", "translation"],
    ["https://[100::1]/", "discard"],
    ["https://[2001::1]/", "Teredo"],
    ["https://[2001:db8::1]/", "documentation"],
    ["https://[2002:7f00:1::]/", "6to4"],
    ["https://[3fff::1]/", "documentation"],
    ["https://[5f00::1]/", "segment routing"],
    ["https://[fc00::1]/", "unique local"],
    ["https://[fd00:ec2::254]/", "unique local"],
    ["https://[fe80::1]/", "link-local"],
    ["https://[fec0::1]/", "site-local"],
    ["https://[ff02::1]/", "multicast"],
    ["https://[4000::1]/", "unassigned"],
    ["https://[8000::1]/", "unassigned"],
    // names
    ["https://localhost/", "full host name"],
    ["https://LOCALHOST/", "full host name"],
    ["https://localhost./", "dot"],
    ["https://shop.example./", "dot"],
    ["https://api.localhost/", "private host"],
    ["https://metadata.google.internal/", "private host"],
    ["https://metadata/", "full host name"],
    ["https://printer.local/", "private host"],
    ["https://db.corp/", "private host"],
    ["https://nas.home.arpa/", "private host"],
    ["https://hidden.onion/", "private host"],
    // ourselves
    ["https://pay.gateway.example/v1/events", "this gateway"],
    ["https://PAY.Gateway.example/", "this gateway"],
    ["https://pay.gateway.example./", "dot"],
    ["https://deep.cn.gateway.example/", "this gateway"],
    ["https://pay.gateway.example:8443/", "this gateway"],
    // the rest of the URL
    ["http://shop.example/", "https"],
    ["ftp://shop.example/", "https"],
    ["file:///etc/passwd", "https"],
    ["gopher://shop.example:70/_x", "https"],
    ["javascript:alert(1)", "https"],
    ["data:text/plain,x", "https"],
    ["https://user@shop.example/", "credentials"],
    ["https://user:pass@shop.example/", "credentials"],
    ["https://shop.example@127.0.0.1/", "credentials"],
    ["https://:@shop.example@10.0.0.1/", "credentials"],
    ["https://127.0.0.1\\@shop.example/", "loopback"],
    ["https://127.0.0.1#@shop.example/", "fragment"],
    ["https://shop.example/#part", "fragment"],
    ["https://shop.example:25/", "port"],
    ["https://shop.example:22/", "port"],
    ["https://shop.example:80/", "port"],
    ["https://shop.example:0/", "port"],
    ["https://shop.example:70000/", "absolute URL"],
    ["https://[fe80::1%25eth0]/", "absolute URL"],
    ["https://[::ffff:127.0.0.1/", "absolute URL"],
    ["https://", "absolute URL"],
    ["shop.example/hooks", "absolute URL"],
    ["//shop.example/hooks", "absolute URL"],
    ["", "absolute URL"],
    [`https://shop.example/${"a".repeat(2_048)}`, "2048 characters"],
  ] as const)("%s", ([url, why], { expect }) => {
    const result = verdict(url);
    expect(result).toEqual({ ok: false, error: expect.stringContaining(why) });
  });

  it("refuses the first and the last address of every range in the table", ({ expect }) => {
    for (const [range] of REFUSED_RANGES) {
      for (const literal of edgesOf(range)) {
        const host = literal.includes(":") ? `[${literal}]` : literal;
        expect({ literal, ok: verdict(`https://${host}/`).ok }).toEqual({ literal, ok: false });
      }
    }
  });
});

describe("this machine", () => {
  const laptop = { livemode: false, environment: "development", ownHosts: ["localhost"] };
  const local = [
    "http://localhost:9000/h",
    "https://localhost/h",
    "http://127.0.0.1:9000/h",
    "http://[::1]:9000/h",
    "http://localhost/h",
  ];

  it.for(local)("is open to test endpoints in development: %s", (url, { expect }) => {
    expect(verdict(url, laptop).ok).toBe(true);
  });

  it.for(local)("is closed to live endpoints and in production: %s", (url, { expect }) => {
    expect(verdict(url, { ...laptop, livemode: true }).ok).toBe(false);
    expect(verdict(url, { ...laptop, environment: "production" }).ok).toBe(false);
    expect(verdict(url, { ...laptop, environment: "" }).ok).toBe(false);
  });

  it.for([
    "http://shop.example/h",
    "http://127.0.0.2/h",
    "http://10.0.0.1/h",
    "https://10.0.0.1/h",
    "http://user@localhost/h",
    "http://evil.localhost/h",
    "ftp://localhost/h",
    "http://169.254.169.254/h",
  ])("opens nothing else in development: %s", (url, { expect }) => {
    expect(verdict(url, laptop).ok).toBe(false);
  });
});

describe("our own hosts", () => {
  it("are PUBLIC_URL and the callback bases of all regions", ({ expect }) => {
    const REGIONS = JSON.stringify({
      cn: { callback_base: "https://cn.pay.example", hint: "apac-ne" },
      sea: { hint: "apac-se" },
    });
    expect(ownHostsOf({ PUBLIC_URL: "https://pay.example/", REGIONS })).toEqual([
      "pay.example",
      "cn.pay.example",
    ]);
    expect(ownHostsOf({ PUBLIC_URL: "", REGIONS: "{}" })).toEqual([]);
  });
});

/** First and last address of a CIDR range, by arithmetic of its own. */
function edgesOf(range: string): [string, string] {
  const [network = "", length = ""] = range.split("/");
  const v6 = network.includes(":");
  const width = v6 ? 128n : 32n;
  const hostBits = width - BigInt(length);
  const first = v6 ? v6Number(network) : v4Number(network);
  const last = first | ((1n << hostBits) - 1n);
  return v6 ? [v6Text(first), v6Text(last)] : [v4Text(first), v4Text(last)];
}

const v4Number = (text: string) =>
  text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);

const v4Text = (value: bigint) =>
  [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");

function v6Number(text: string): bigint {
  const [head = "", tail = ""] = text.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === "" ? [] : tail.split(":");
  const middle = Array.from({ length: 8 - front.length - back.length }, () => "0");
  const groups = text.includes("::") ? [...front, ...middle, ...back] : front;
  return groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}

const v6Text = (value: bigint) =>
  Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(16 * (7 - index))) & 65_535n).toString(16),
  ).join(":");
