/** The handbook's table of keys that need a restart, against the schema. */
import * as fs from "node:fs"
import { assert, it } from "vitest"
import { needRestart } from "../../src/apps/config/changes.ts"
import { isPlain } from "../../src/apps/config/plain.ts"
import { parse } from "../../src/apps/config/parse.ts"

const FILE = `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { port: 443, candidates: ["198.18.0.1"] } }`

const keysIn = (section: unknown, path = ""): ReadonlyArray<string> =>
  isPlain(section)
    ? Object.entries(section).flatMap(([key, value]) => keysIn(value, path === "" ? key : `${path}.${key}`))
    : [path]

/** Rows such as "`log.*` except `log.level`". */
function rowsOf(page: string): ReadonlyArray<string> {
  const [, table = ""] = page.split("| needs a restart |\n| --- |\n")
  return table.split("\n\n")[0]?.split("\n") ?? []
}

const named = (text = "") => [...text.matchAll(/`([\w.]+?)(\.\*)?`/g)].map(([, key = "", all]) => ({ key, all }))
const isNamed = (key: string, text: string | undefined) =>
  named(text).some((one) => one.key === key || (one.all !== undefined && key.startsWith(`${one.key}.`)))

it("the handbook lists each key that needs a restart, and no other", () => {
  const keys = keysIn(parse(FILE).effective)
  const rows = rowsOf(fs.readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8"))
  const listed = keys.filter((key) =>
    rows.some((row) => {
      const [all, except] = row.split(" except ")
      return isNamed(key, all) && !isNamed(key, except)
    })
  )
  assert.isAbove(listed.length, 30)
  assert.deepStrictEqual(listed, needRestart(keys))
})
