/** A key of the core stands in one table, from which the file's section and the core's record follow. */
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { assert, describe, it } from "vitest"
import { ofTable } from "../../property-tests/arbitraries/ofTable.ts"
import { formOf, note } from "../../src/apps/config/schemaKeys.ts"
import { key, later, section } from "../../src/core/schema/keys.ts"
import * as Limits from "../../src/core/schema/limits.ts"
import * as Names from "../../src/core/schema/names.ts"
import { ladder, proof, rates, sections } from "../../src/core/schema/sections.ts"
import type { Table } from "../../src/core/schema/tables.ts"
import { keysOf, recordOf, valuesOf } from "../../src/core/schema/tables.ts"
import { duration, whole } from "../../src/core/schema/units.ts"

const table = {
  waitMs: key(duration(10, 1_000), "50ms", "A duration"),
  kind: key(Schema.Literals(["a", "b"]), "b", "A choice"),
  inner: { most: key(whole(1, 9), 3, "A number"), isOn: key(Schema.Boolean, true, "A truth value") },
  notYet: later(whole(1, 9), 3, "A key of later work")
}
const file = section(keysOf(table))

describe("a table of keys", () => {
  it("gives the file its keys, without the unit in their names, and with those of later work", () => {
    assert.deepStrictEqual(Object.keys(file.fields), ["wait", "kind", "inner", "notYet"])
    const decode = Schema.decodeUnknownSync(file)
    const written = { wait: "20ms", kind: "a" as const, inner: { most: 5, isOn: false }, notYet: 4 }
    assert.deepStrictEqual(decode(written), { ...written, wait: 20 })
    assert.throws(() => decode({ ...written, wait: "2s" }), /from 10ms to 1s/)
  })

  it("gives the core a record with the unit in its names, and without keys of later work", () => {
    const record: Schema.Codec<typeof value> = recordOf(table)
    const value = { waitMs: 20, kind: "a" as "a" | "b", inner: { most: 5, isOn: false } }
    assert.deepStrictEqual(Schema.decodeUnknownSync(record)(value), value)
    assert.deepStrictEqual(valuesOf(table, { wait: 20, kind: "a", inner: { most: 5, isOn: false } }), value)
  })

  it("gives the core a record that reads values beyond the file's ranges, as another version may have written them", () => {
    const old = { waitMs: 1, kind: "b", inner: { most: 100, isOn: true } }
    assert.deepStrictEqual(Schema.decodeUnknownSync(recordOf(table))(old), old)
    assert.throws(() => Schema.decodeUnknownSync(recordOf(table))({ ...old, waitMs: "1ms" }))
  })

  it("gives laws the default and both ends of each range, unless a law chooses values of its own", () => {
    const drawn = fc.sample(ofTable(table, { kind: fc.constant("a") }), { numRuns: 200, seed: 1 })
    const seen = (values: ReadonlyArray<unknown>) => [...new Set(values)].toSorted()
    assert.deepStrictEqual(seen(drawn.map(({ waitMs }) => waitMs)), [10, 1_000, 50])
    assert.deepStrictEqual(seen(drawn.map(({ kind }) => kind)), ["a"])
    assert.deepStrictEqual(seen(drawn.map(({ inner }) => inner.most)), [1, 3, 9])
    assert.deepStrictEqual(seen(drawn.map(({ inner }) => inner.isOn)), [false, true])
  })
})

describe("the tables of the configuration", () => {
  const { access, dns, sources } = Names
  const keys = keysIn({ ...Limits, access, dns, sources, ladder, proof, rates, sections }, "")

  it("name every duration with its unit, and nothing else", () => {
    assert.isAbove(keys.length, 80)
    const durations = keys.filter(([, one]) => formOf(one.ast)?.expected.includes("a duration"))
    assert.deepStrictEqual(durations.map(([name]) => name), keys.map(([name]) => name).filter((name) => name.endsWith("Ms")))
  })

  it("have a default and a text for each key", () => {
    const bare = keys.filter(([, { ast }]) => note(ast, "default") === undefined || note(ast, "description") === undefined)
    assert.deepStrictEqual(bare.map(([name]) => name), [])
  })
})

function keysIn(table: Table, path: string): ReadonlyArray<readonly [string, Schema.Top]> {
  return Object.entries(table).flatMap(([name, one]) =>
    Schema.isSchema(one) ? [[`${path}${name}`, one] as const] : keysIn(one, `${path}${name}.`)
  )
}
