/** The tag of the network that this machine is in: it stays the same in the same network, whatever the machine changes. */
import { assert, describe, it } from "vitest"
import type { NetworkInterfaceInfo } from "node:os"
import { networkTag } from "../../src/adapters/node/networkTag.ts"

const at = (...addresses: ReadonlyArray<string>) =>
  addresses.map((address) => ({ address, internal: address === "127.0.0.1" || address === "::1" }) as NetworkInterfaceInfo)
const tag = (interfaces: Record<string, Array<NetworkInterfaceInfo>>) => networkTag(() => interfaces)

const home = tag({ lo: at("127.0.0.1", "::1"), eth0: at("192.168.1.7", "2001:db8:0:1::7") })

describe("the tag of a network", () => {
  it("depends on the prefixes of the network, not on the machine's address in it", () => {
    assert.match(home, /^[0-9a-f]{16}$/)
    assert.strictEqual(tag({ wlan0: at("192.168.1.200", "2001:db8:0:1:aaaa:bbbb:cccc:dddd") }), home)
    assert.notStrictEqual(tag({ eth0: at("192.168.2.7", "2001:db8:0:1::7") }), home)
    assert.notStrictEqual(tag({ eth0: at("192.168.1.7", "2001:db8:0:2::7") }), home)
  })

  it("ignores loopback, link-local addresses and bridges", () => {
    const noisy = { docker0: at("172.17.0.1"), "br-1f": at("172.18.0.1"), eth1: at("169.254.3.4", "fe80::1%eth1") }
    assert.strictEqual(tag({ ...noisy, eth0: at("192.168.1.7", "2001:db8:0:1::7", "fe80::7") }), home)
  })

  it("is empty without a network, or when the interfaces cannot be read", () => {
    assert.strictEqual(tag({ lo: at("127.0.0.1") }), "")
    assert.strictEqual(
      networkTag(() => {
        throw new Error("not permitted")
      }),
      ""
    )
  })
})
