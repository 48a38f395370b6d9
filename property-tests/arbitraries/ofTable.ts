/**
 * Values of the keys of a table. A law names those that make its limits easy to reach. Every other key, and each new one, has
 * its default, the ends of its range, or one of its choices.
 */
import * as Schema from "effect/Schema"
import fc from "fast-check"
import { choicesOf, formOf, note } from "../../src/apps/config/schemaKeys.ts"
import type { RecordOf, Table } from "../../src/core/schema/tables.ts"
import { fieldsOf } from "../../src/core/schema/tables.ts"

type Arbitraries<T extends Table> = { readonly [Name in keyof RecordOf<T>]: fc.Arbitrary<RecordOf<T>[Name]> }

export function ofTable<const T extends Table>(
  table: T,
  chosen: Partial<Arbitraries<T>> = {}
): fc.Arbitrary<RecordOf<T>> {
  return fc.record(arbitrariesOf(table, chosen)) as fc.Arbitrary<RecordOf<T>>
}

/** The same, key by key. */
export function arbitrariesOf<const T extends Table>(
  table: T,
  chosen: Partial<Arbitraries<T>> = {}
): Arbitraries<T> {
  const named = chosen as Readonly<Record<string, fc.Arbitrary<unknown>>>
  const all = Object.keys(fieldsOf(table)).map((name) => {
    const one = (table as Table)[name] as Schema.Top | Table
    return [name, named[name] ?? (Schema.isSchema(one) ? ofKey(one) : ofTable(one))]
  })
  return Object.fromEntries(all) as Arbitraries<T>
}

function ofKey(key: Schema.Top): fc.Arbitrary<unknown> {
  const choices = choicesOf(key.ast)
  if (choices !== undefined) return fc.constantFrom(...choices)
  if (key.ast._tag === "Boolean") return fc.boolean()
  const usual = Schema.decodeUnknownSync(key as Schema.Codec<unknown>)(note(key.ast, "default"))
  return fc.constantFrom(...new Set([usual, ...formOf(key.ast)?.range ?? []]))
}
