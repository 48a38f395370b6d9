/**
 * Tables of keys. A key that the core has too stands in one table, with its values, its default and its text. From the table
 * follow the section of the file, the core's record with its type, and the step from the one to the other.
 *
 * - A name in a table ends with the unit of the core's number: `intervalMs`. In the file the value has the unit, so the key
 *   is `interval`.
 * - A table in a table is a section in a section.
 * - A key of later work (keys.ts) is in the file alone.
 */
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import { section } from "./keys.ts"

export interface Table {
  readonly [name: string]: Schema.Top | Table
}

type KeyOf<Name> = Name extends `${infer Key}Ms` ? Key : Name

/** The keys of a table as the file has them. */
export type KeysOf<T extends Table> = {
  readonly [Name in keyof T as KeyOf<Name>]: T[Name] extends Schema.Top ? T[Name]
    : T[Name] extends Table ? Schema.Struct<KeysOf<T[Name]>>
    : never
}

type Later = { readonly "~type.optionality": "optional" }
type OfCore<T extends Table> = Pick<T, { [Name in keyof T]: T[Name] extends Later ? never : Name }[keyof T]>

type FieldOf<S> = S extends Schema.Top ? Schema.Codec<S["Type"]> : S extends Table ? Schema.Struct<FieldsOf<S>> : never
type Fields<T> = { readonly [Name in keyof T]: FieldOf<T[Name]> }

/** The fields of the core's record. */
export type FieldsOf<T extends Table> = Fields<OfCore<T>>

type ValueOf<S> = S extends Schema.Top ? S["Type"] : S extends Table ? RecordOf<S> : never
type Values<T> = { readonly [Name in keyof T]: ValueOf<T[Name]> }

/** The core's record. */
export type RecordOf<T extends Table> = Values<OfCore<T>>

/** What a decoded file has for it. */
export type Decoded<T extends Table> = {
  readonly [Name in keyof OfCore<T> as KeyOf<Name>]: OfCore<T>[Name] extends Schema.Top ? OfCore<T>[Name]["Type"]
    : OfCore<T>[Name] extends Table ? Decoded<OfCore<T>[Name]>
    : never
}

const keyOf = (name: string): string => name.replace(/Ms$/, "")
const isKey = (one: Schema.Top | Table): one is Schema.Top => Schema.isSchema(one)
const isLater = (one: Schema.Top | Table): boolean => isKey(one) && one.ast.context?.isOptional === true
const ofCore = (table: Table) => Object.entries(table).filter(([, one]) => !isLater(one))

export function keysOf<const T extends Table>(table: T): KeysOf<T> {
  const keys = Object.entries(table).map(([name, one]) => [keyOf(name), isKey(one) ? one : section(keysOf(one))])
  return Object.fromEntries(keys) as KeysOf<T>
}

export function fieldsOf<const T extends Table>(table: T): FieldsOf<T> {
  const fields = ofCore(table).map(([name, one]) => [name, isKey(one) ? valueOf(one.ast) : recordOf(one)])
  return Object.fromEntries(fields) as FieldsOf<T>
}

export function recordOf<const T extends Table>(table: T): Schema.Struct<FieldsOf<T>> {
  return Schema.Struct(fieldsOf(table))
}

/** The core's values of a decoded file. */
export function valuesOf<const T extends Table>(table: T, file: Decoded<T>): RecordOf<T> {
  const decoded = file as Readonly<Record<string, unknown>>
  const values = ofCore(table).map(([name, one]) => {
    const value = decoded[keyOf(name)]
    return [name, isKey(one) ? value : valuesOf(one, value as Decoded<Table>)]
  })
  return Object.fromEntries(values) as RecordOf<T>
}

/**
 * The decoded value without its range and its text: a record may come from a version with others, and the digest of the record's
 * schema is not to depend on them.
 */
function valueOf(key: SchemaAST.AST): Schema.Top {
  const ast = SchemaAST.toType(key)
  switch (ast._tag) {
    case "Number":
      return Schema.Finite
    case "String":
      return Schema.String
    case "Boolean":
      return Schema.Boolean
    case "Union":
      return Schema.Literals(ast.types.map((type) => (type as SchemaAST.Literal).literal))
    case "Arrays":
      return Schema.Array(valueOf(ast.rest[0] as SchemaAST.AST))
    default:
      return Schema.make(ast)
  }
}
