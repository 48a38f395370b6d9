/** Every key of the configuration has an effect: two of its values give different behaviour. */
import * as SchemaAST from "effect/SchemaAST"
import process from "node:process"
import { assert, describe, it } from "vitest"
import { ConfigFile } from "../../../src/core/schema/ConfigFile.ts"
import { OVERRIDABLE } from "../../../src/core/schema/sections.ts"
import { JUDGING } from "./judging.ts"
import { LISTENERS } from "./listeners.ts"
import { OUTPUTS } from "./outputs.ts"
import { POOLS } from "./pools.ts"
import type { Row } from "./Row.ts"
import { fileOf } from "./Row.ts"
import { SECURED } from "./secured.ts"
import { SESSIONS } from "./sessions.ts"
import { UPSTREAMS } from "./upstreams.ts"

const ROWS = [...LISTENERS, ...UPSTREAMS, ...JUDGING, ...POOLS, ...SESSIONS, ...SECURED, ...OUTPUTS]

/** Keys whose effect cannot be shown, and why. */
const WITHOUT: Readonly<Record<string, string>> = {
  "eventLog.timeout": "only a disk that keeps silent shows it: adapters/disk, apps/silentDisk",
  "log.timeout": "only a disk that keeps silent shows it: adapters/disk, apps/silentDisk",
  ...(process.platform === "linux" ? {} : { "session.keepAlive": "only Linux shows the timers of its sockets" })
}

/** Rows that wait for seconds. They run at the same time, with values so far apart that this makes no difference. */
const WAITING: ReadonlyArray<string> = ["session.keepAlive", "admin.timeout", "shutdown.drain"]

/** Every key that holds a value. An upstream's own sections have the keys of the general ones, applied in one place. */
function keysOf(ast: SchemaAST.AST, path: string): ReadonlyArray<string> {
  if (ast._tag === "Arrays") return ast.rest.flatMap((element) => keysOf(element, `${path}[]`))
  if (ast._tag !== "Objects" || ast.encoding !== undefined) return []
  const own = ast.propertySignatures.flatMap(({ name, type }) => {
    const here = path === "" ? String(name) : `${path}.${String(name)}`
    // Keys without an effect yet are in laterKeys.test.ts.
    if (SchemaAST.resolve(type)?.["later"] === true) return []
    const inner = type.encoding === undefined ? keysOf(type, here) : []
    return inner.length > 0 ? inner : [here]
  })
  return [...own, ...ast.indexSignatures.flatMap(({ type }) => keysOf(type, `${path}.NAME`))]
}

const OVERRIDE = new RegExp(`^upstreams\\.NAME\\.(${OVERRIDABLE.join("|")}|attempts)\\b`)
const KEYS = keysOf(ConfigFile.ast, "").filter((key) => !OVERRIDE.test(key))
const missing = (rows: ReadonlyArray<Row>) =>
  KEYS.filter((key) => WITHOUT[key] === undefined && !rows.some((row) => row.key === key))

describe("two values of a key give different behaviour", () => {
  it("for every key of the schema, as each has one row", () => {
    assert.deepStrictEqual(missing(ROWS), [])
    assert.deepStrictEqual(ROWS.map(({ key }) => key).toSorted(), [...new Set(ROWS.map(({ key }) => key))].toSorted())
    assert.deepStrictEqual(ROWS.map(({ key }) => key).filter((key) => !KEYS.includes(key)), [])
    assert.isAbove(KEYS.length, 130)
  })

  it("and a key without a row is reported", () => {
    assert.deepStrictEqual(missing(ROWS.filter(({ key }) => key !== "pool.headroom")), ["pool.headroom"])
  })

  const differs = async (row: Row) => {
    const [first, second] = [await row.behave(fileOf(row, row.values[0])), await row.behave(fileOf(row, row.values[1]))]
    if (row.shows === "more") return assert.isAbove(Number(second), Number(first))
    if (row.shows === "less") return assert.isBelow(Number(second), Number(first))
    assert.deepStrictEqual([first, second], [...row.shows])
    assert.notDeepEqual(first, second)
  }
  const rows = (waiting: boolean) =>
    ROWS.filter(({ key }) => WAITING.includes(key) === waiting).map((row) => [row.key, row] as const)

  it.each(rows(false))("%s", (_key, row) => differs(row))

  it.concurrent.each(rows(true))("%s", (_key, row) => differs(row))
})
