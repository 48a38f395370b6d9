import { assert, describe, it } from "vitest"
import { isLoopback, needsNetwork } from "../../src/core/network.ts"

describe("an address", () => {
  it.each([
    "127.0.0.1",
    "127.0.0.0",
    "127.255.255.255",
    "::1",
    "0:0:0:0:0:0:0:1",
    "::ffff:127.0.0.1",
    "::FFFF:127.8.9.10",
    "::ffff:7f00:1",
    "0:0:0:0:0:ffff:7fff:ffff"
  ])("%s is on loopback, and needs no network", (host) => {
    assert.isTrue(isLoopback(host))
    assert.isFalse(needsNetwork(host))
  })

  it.each([
    "126.255.255.255",
    "128.0.0.0",
    "0.0.0.0",
    "10.127.0.1",
    "198.18.0.1",
    "::",
    "::2",
    "1::1",
    "::1:0:0:1",
    "::127.0.0.1",
    "::ffff:126.0.0.1",
    "::ffff:0:127.0.0.1",
    "2001:db8::127",
    "fe80::1"
  ])("%s is not on loopback", (host) => {
    assert.isFalse(isLoopback(host))
    assert.isTrue(needsNetwork(host))
  })

  it.each([
    "",
    "localhost",
    "127.example.com",
    "127.0.0.1.example.com",
    "127.0.0",
    "127.0.0.256",
    "[::1]",
    "::1%lo",
    ":::1"
  ])(
    "is not what %j says, so it is not on loopback",
    (text) => assert.isFalse(isLoopback(text))
  )
})
