/** Which addresses the clients of a listener may reach, beside the networks that are private. */
import { assert, describe, it } from "vitest"
import type { DialAttempt } from "../../src/core/model/Routes.ts"
import { Guard } from "../../src/plane/Guard.ts"
import { resolveLimits } from "../support/config.ts"

const OWN = {
  isListener: (host: string, port: number) => host === "198.51.100.9" && port === 8118,
  addresses: () => ["2001:db8::1", "198.51.100.7"]
}
const guard = (ownAddresses: boolean) =>
  new Guard({ protocol: "proxy", timeoutMs: 1, perClient: 1, deny: [], ownAddresses, asksUser: false }, OWN)

describe("a guard", () => {
  it("refuses this machine's own addresses in any spelling, unless clients may reach them", () => {
    for (const host of ["198.51.100.7", "::ffff:198.51.100.7", "2001:db8::1", "2001:db8:0::1"]) {
      assert.isFalse(guard(false).admits(host, 443), host)
      assert.isTrue(guard(true).admits(host, 443), host)
    }
    assert.isTrue(guard(false).admits("198.51.100.8", 443))
  })

  it("refuses a listener of this service whatever clients may reach, and knows that it has", () => {
    const one = guard(true)
    assert.isTrue(one.admits("198.51.100.9", 443))
    assert.isFalse(one.hasRefused)
    assert.isFalse(one.admits("198.51.100.9", 8118))
    assert.isTrue(one.hasRefused)
  })

  it("takes the addresses that it refuses out of a dial plan, and leaves other addresses and names in it", () => {
    const attempt = (host: string, port: number, resolve?: typeof resolveLimits): DialAttempt => ({
      ...{ candidate: "system", host, port, startAfterMs: 0, timeoutMs: 1_000, suspectAfterMs: 1_000 },
      ...(resolve === undefined ? {} : { resolve })
    })
    const [own, listener, other] = [attempt("198.51.100.7", 443), attempt("198.51.100.9", 8118), attempt("203.0.113.1", 443)]
    const name = attempt("198.51.100.7", 443, resolveLimits)
    const plan = { attempts: [own, other, listener, name], deadlineMs: 5_000 }
    assert.deepStrictEqual(guard(false).plan(plan), { attempts: [other, name], deadlineMs: 5_000 })
    assert.deepStrictEqual(guard(true).plan(plan), { attempts: [own, other, name], deadlineMs: 5_000 })
  })
})
