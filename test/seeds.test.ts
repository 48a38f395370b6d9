/** The table of requirements names tests that exist, has every phase of the seed, and no measured figures. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import { missingIn, namedIn } from "./support/namedTests.ts"
import { ROOT } from "./support/sources.ts"

const page = fs.readFileSync(path.join(ROOT, "docs/seeds.md"), "utf8")
const rows = page.split("\n").filter((line) => /^\| [AB] /.test(line))

describe("the table of requirements", () => {
  it("names only tests and titles that exist", () => {
    const named = rows.flatMap(namedIn)
    assert.isAbove(named.length, 200)
    assert.deepStrictEqual([...new Set(rows.flatMap(missingIn))], [])
  })

  it("is reported when it names a test or a title that does not exist", () => {
    const planted =
      '| A x | `laws/ewma` "is the average of all samples, each weighted by what was left of it", "is gone"; `core/gone` "a" | |'
    assert.deepStrictEqual(missingIn(planted), ["laws/ewma: is gone", "core/gone"])
  })

  it("has scope, deliverables, acceptance and risks of every phase of seed B, and says how each is shown", () => {
    for (const phase of [0, 1, 2, 3, 4, 5, 6]) {
      for (const part of ["scope", "deliverable", "acceptance", "risk"]) {
        assert.isTrue(rows.some((row) => row.startsWith(`| B P4.${phase} ${part}`)), `P4.${phase} ${part}`)
      }
    }
    assert.isTrue(rows.some((row) => row.includes("the HTTP client")))
    assert.deepStrictEqual(rows.filter((row) => (row.split("|")[2] ?? "").trim() === ""), [])
  })

  it("has no measured figures, which are in docs/benchmarks.md", () => {
    const measured = rows.filter((row) =>
      /`bench:/.test(row) && /\b\d+\.\d+\b(?!\.)/.test(row.replace(/^\| [AB] [^|]*\|/, "|"))
    )
    assert.deepStrictEqual(measured, [])
  })
})
