/** The table of requirements names tests that exist, has every phase of the seed, and no measured figures. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import { ROOT } from "./support/sources.ts"

const page = fs.readFileSync(path.join(ROOT, "docs/seeds.md"), "utf8")
const rows = page.split("\n").filter((line) => /^\| [AB] /.test(line))

/** The source of a test by its short name; by the name of a folder, the sources of all its files. */
function sourceOf(name: string): string | undefined {
  const folder = /^(laws|model|whole)\//.test(name) ? "property-tests" : "test"
  const bare = path.join(ROOT, folder, name.replace(/\.test\.ts$/, ""))
  if (fs.existsSync(`${bare}.test.ts`)) return fs.readFileSync(`${bare}.test.ts`, "utf8")
  if (!fs.existsSync(bare)) return undefined
  return fs.readdirSync(bare).map((file) => fs.readFileSync(path.join(bare, file), "utf8")).join("\n")
}

/** Each test that is named, with the titles that follow it. */
function namedIn(row: string): ReadonlyArray<readonly [name: string, titles: ReadonlyArray<string>]> {
  return [...row.matchAll(/`((?:[a-z]+\/)?[a-zA-Z]+(?:\.test\.ts)?)`((?:,? "[^"]+")*)/g)]
    .map(([, name = "", titles = ""]) => [name, [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title)] as const)
    .filter(([name, titles]) =>
      /^(adapters|apps|collector|core|histories|laws|log|model|shell|whole)\//.test(name) || titles.length > 0
    )
}

/** Whether the source has the title, with its quotes and backslashes escaped or not. */
const holds = (source: string, title: string) =>
  [title, title.replaceAll("'", "\\'"), title.replaceAll("\\", "\\\\")].some((text) => source.includes(text))

const missingIn = (row: string) =>
  namedIn(row).flatMap(([name, titles]) => {
    const source = sourceOf(name)
    if (source === undefined) return [name]
    return titles.filter((title) => !holds(source, title)).map((title) => `${name}: ${title}`)
  })

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
