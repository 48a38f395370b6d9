/** A table of SOCKS4 and SOCKS4a exchanges, byte for byte from the protocols' notes. */
import { assert, describe, it } from "vitest"
import { socks4 } from "../../src/ingress/socks4.ts"
import { bytes, hex, oneByOne, run, unhex, whole } from "../support/handshakes.ts"

const open = socks4({ maxBytes: 65_536 })
const REFUSED = "005b000000000000"
const target = (host: string, port: number) => ({ _tag: "Target", host, port })
const refused = (reason: string) => ({ _tag: "Refusal", reason })

describe("SOCKS4", () => {
  it.each([
    ["an address", [unhex("04010050c0000201"), "\0"], target("192.0.2.1", 80), ""],
    ["an address and a user id", [unhex("04010050c0000201"), "ada\0"], target("192.0.2.1", 80), ""],
    ["a name (4a)", [unhex("040101bb00000001"), "\0example.com\0"], target("example.com", 443), ""],
    ["a user id and a name (4a)", [unhex("040101bb000000ff"), "ada\0Example.com.\0"], target("example.com", 443), ""],
    ["0.0.0.0, which names no host", [unhex("0401005000000000"), "\0"], target("0.0.0.0", 80), ""],
    ["BIND", [unhex("04020050c0000201"), "\0"], refused("unsupported"), REFUSED],
    ["port 0", [unhex("04010000c0000201"), "\0"], refused("malformed"), REFUSED],
    ["an empty name", [unhex("0401005000000001"), "\0\0"], refused("badHost"), REFUSED],
    ["an address in octal", [unhex("0401005000000001"), "\x000177.0.0.1\0"], refused("badHost"), REFUSED],
    ["a user id without an end", [unhex("04010050c0000201"), "a".repeat(300)], refused("tooLong"), REFUSED],
    ["a name without an end", [unhex("0401005000000001"), "\0", "a".repeat(300)], refused("tooLong"), REFUSED],
    ["SOCKS5", [unhex("050100")], refused("wrongProtocol"), ""]
  ])("answers a client with %s", (_what, parts, wanted, replies) => {
    const all = bytes(...parts)
    for (const ended of [whole(open, all), run(open, oneByOne(all))]) {
      assert.deepInclude(ended.result, wanted)
      assert.strictEqual(ended.replies, replies)
    }
  })

  it("is refused where users are configured, since it has no password", () => {
    const guarded = socks4({ maxBytes: 65_536, authenticate: () => true })
    const ended = whole(guarded, bytes(unhex("04010050c0000201"), "ada\0"))
    assert.deepInclude(ended.result, refused("notAuthenticated"))
    assert.strictEqual(ended.replies, REFUSED)
  })

  it("answers success with the address that was dialled from, if it is given one, and failure by one code", () => {
    const found = open.feed(open.initial, bytes(unhex("04010050c0000201"), "\0"))
    assert(found._tag === "Target")
    assert.strictEqual(hex(found.answers.success()), "005a000000000000")
    assert.strictEqual(hex(found.answers.success({ host: "192.0.2.9", port: 513 })), "005a0201c0000209")
    assert.strictEqual(hex(found.answers.success({ host: "2001:db8::1", port: 513 })), "005a020100000000")
    assert.strictEqual(hex(found.answers.failure("timedOut")), REFUSED)
  })
})
