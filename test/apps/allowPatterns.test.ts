/** Patterns of `allow` in a file: each is put in force as it is written, or refused. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import type { WayIn } from "../../src/adapters/node/entry/WayIn.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { command, inScratch } from "../support/command.ts"

const fileWith = (pattern: string) =>
  JSON.stringify({ listeners: [{ name: "p", listen: "127.0.0.1:0", protocol: "proxy", allow: ["*:80", pattern] }] })

describe("a pattern of allow", () => {
  it.each([
    ["half hexadecimal", "0x7f.1:80"],
    ["hexadecimal", "0x7f000001:80"],
    ["decimal", "2130706433:80"],
    ["octal parts", "0177.0.0.1:80"],
    ["two parts", "127.1:80"],
    ["names below a number", "*.1:80"],
    ["names below an address", "*.198.18.0.1:80"],
    ["IPv6 without brackets", "2001:db8::1:80"],
    ["brackets around IPv4", "[198.18.0.1]:80"],
    ["a zone", "[fe80::1%eth0]:80"],
    ["a wildcard within a name", "a*:80"],
    ["two wildcards", "*.*.example:80"],
    ["a label that ends in a hyphen", "a-.example:80"],
    ["an empty label", "a..example:80"],
    ["a label of 64 characters", `${"a".repeat(64)}.example:80`]
  ])("that no client's host could match is a mistake: %s", (_name, pattern) => {
    const { settings, problems } = parse(fileWith(pattern))
    assert.isUndefined(settings)
    const [problem = "", ...others] = problems.map((one) => render("f", one))
    assert.deepStrictEqual(others, [])
    assert.include(problem, ` listeners.0.allow.1: ${pattern} matches no host that a client can ask for: write `)
  })

  it.each([["no port", "web"], ["port 0", "web:0"], ["a port out of range", "*:70000"], ["zeros", "*:080"], [
    "a blank",
    "a b:80"
  ]])(
    "without a host and a port is a mistake: %s",
    (_name, pattern) => {
      const { settings, problems } = parse(fileWith(pattern))
      assert.isUndefined(settings)
      assert.match(render("f", problems[0]!), / listeners\.0\.allow\.1: expected a host and a port such as /)
    }
  )

  it.each([
    ["*:443", "*", 443],
    ["example.com:*", "example.com", undefined],
    ["*.Example.com.:443", "*.example.com", 443],
    ["198.18.0.1:80", "198.18.0.1", 80],
    ["[2001:DB8:0::1]:443", "2001:db8::1", 443],
    ["[::ffff:198.18.0.1]:443", "198.18.0.1", 443],
    ["b\u00fccher.example:443", "xn--bcher-kva.example", 443],
    ["*.b\u00fccher.example:443", "*.xn--bcher-kva.example", 443]
  ])("is put in force: %s", (pattern, host, port) => {
    const { settings, problems } = parse(fileWith(pattern))
    assert.deepStrictEqual(problems, [])
    const { allow } = settings?.listeners[0]?.entry as WayIn
    assert.deepStrictEqual(allow, [{ host: "*", port: 80 }, { host, port }])
  })

  it("that is a mistake makes check exit 2 and name it", () =>
    inScratch(async (directory) => {
      const file = path.join(directory, "fairlead.json")
      fs.writeFileSync(file, fileWith("0x7f.1:80"))
      const { code, stderr } = await command(["check", "--config", file])
      assert.strictEqual(code, 2, stderr)
      assert.include(stderr, "listeners.0.allow.1: 0x7f.1:80 matches no host that a client can ask for")
    }))
})
