/** Every reducer has laws, each law that plays any run has a floor for what it is about, and what must run on Deno is there. */
import * as fs from "node:fs"
import * as path from "node:path"
import { describe, expect, it } from "vitest"
import { ROOT } from "../test/support/sources.ts"

const read = (file: string) => fs.readFileSync(path.join(ROOT, file), "utf8")
const files = (folder: string) => fs.readdirSync(path.join(ROOT, folder))

/** The rows of the table of laws: the part of the core and the law files that are named for it. */
const rows = read("docs/reliability.md").split("\n").flatMap((line) => {
  const cells = line.split("|").map((cell) => cell.trim())
  const laws = [...(cells[2] ?? "").matchAll(/`((?:laws|model)\/\w+)`/g)].map(([, law]) => law!)
  return laws.length === 0 ? [] : [{ part: (cells[1] ?? "").replaceAll("`", ""), laws }]
})

describe("the table of laws", () => {
  it("has a row for each reducer, and each names law files that exist", () => {
    const parts = rows.map(({ part }) => part)
    const reducers = files("src/core/reducers").map((name) => name.replace(".ts", ""))
    expect(reducers.filter((one) => !parts.includes(one))).toEqual([])
    const named = rows.flatMap(({ laws }) => laws)
    expect(named.filter((one) => !fs.existsSync(path.join(ROOT, `property-tests/${one}.test.ts`)))).toEqual([])
  })
})

describe("each law that plays any run", () => {
  it("counts what it is about, and has a floor for that", () => {
    const without = files("property-tests/laws").flatMap((name) =>
      read(`property-tests/laws/${name}`).split(/\n {2}law\(/).slice(1)
        .map((text) => text.split("\n  )\n")[0]!)
        .filter((text) => /\b(?:play|watch)\(/.test(text) && !text.includes("floors"))
        .map((text) => `${name}: ${text.trim().split("\n")[0]}`)
    )
    expect(without).toEqual([])
  })
})

describe("the list of tests that run on Deno", () => {
  it("names files that exist, and among them the histories, replay and arithmetic", () => {
    const list = /const ON_DENO = \[([\s\S]*?)\n\]/.exec(read("tools/check.ts"))![1]!
    const paths = [...list.matchAll(/"((?:test|property-tests)\/[\w./]+)"/g)].map(([, one]) => one!)
    const arithmetic = [...list.matchAll(/"(\w+)"/g)].map(([, law]) => `property-tests/laws/${law}.test.ts`)
    expect([...paths, ...arithmetic].filter((one) => !fs.existsSync(path.join(ROOT, one)))).toEqual([])
    expect(paths).toEqual(expect.arrayContaining(["test/histories", "property-tests/whole/replay.test.ts"]))
    for (const law of ["backoff", "decay", "digest", "ewma", "hash", "rng", "successWindow"]) {
      expect(arithmetic).toContain(`property-tests/laws/${law}.test.ts`)
    }
  })
})
