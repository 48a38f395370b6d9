/** docs/security.md: each threat names tests that exist, and each test that it names says what it claims. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import { missingIn, namedIn } from "./support/namedTests.ts"
import { ROOT } from "./support/sources.ts"

const page = fs.readFileSync(path.join(ROOT, "docs/security.md"), "utf8")
const threats = /^## Threats$([^]*?)^## /m.exec(page)?.[1] ?? ""
const rows = threats.split("\n").filter((line) => line.startsWith("| ")).slice(2)

describe("the threats in docs/security.md", () => {
  it("each have something that protects, and a test that shows it", () => {
    assert.isAbove(rows.length, 15)
    assert.deepStrictEqual(rows.filter((row) => row.split(" | ").length !== 4), [])
    assert.deepStrictEqual(rows.filter((row) => namedIn(row).length === 0), [])
  })

  it("name only tests and titles that exist", () => {
    assert.deepStrictEqual([...new Set(rows.flatMap(missingIn))], [])
  })

  it("cover clients, upstreams, DNS, the admin port, web pages, files, the record and packages", () => {
    for (const from of ["clients", "upstreams", "DNS", "admin port", "web pages", "other users", "record", "packages"]) {
      assert.isTrue(rows.some((row) => row.split(" | ").slice(0, 2).join().includes(from) || row.includes(from)), from)
    }
  })
})

describe("the permissions in docs/security.md", () => {
  it("have the line of the unit", () => {
    const unit = fs.readFileSync(path.join(ROOT, "deploy/fairlead.service"), "utf8")
    const line = /^#ExecStart=\/opt\/fairlead\/node_modules\/deno\/(deno run .*)$/m.exec(unit)?.[1] ?? "none"
    assert.include(page, line)
  })
})
