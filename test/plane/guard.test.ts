/** Which addresses the clients of a listener may reach, beside the networks that are private. */
import { assert, describe, it } from "vitest"
import { Guard } from "../../src/plane/Guard.ts"

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
})
