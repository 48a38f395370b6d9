/** Which file of the core writes which field of a record: found by reading object literals that copy one. */
import type { Rule } from "./rules.ts"
import type { Source } from "./sources.ts"
import { codeOf } from "./sources.ts"

export interface Ownership {
  /** The interface, and the file that declares it. */
  readonly record: string
  readonly model: string
  /** Makes new records, so it names every field once. */
  readonly maker: string
  /** Each owner with its fields. */
  readonly parts: Readonly<Record<string, ReadonlyArray<string>>>
  /** Other records that have a field of the same name, as they are named where they are copied. */
  readonly others: RegExp
}

/** Each field of the record is written by one file, its owner. */
export function oneWriterEach({ record, model, maker, parts, others }: Ownership): Rule {
  const owners = new Map(Object.entries(parts).flatMap(([path, fields]) => fields.map((field) => [field, path] as const)))
  return (sources) => {
    const fields = fieldsOf(sources.findLast(({ path }) => path === model)?.text ?? "", record)
    const core = sources.filter(({ path }) => /^src\/core\/(?!schema\/|model\/)/.test(path) && path !== maker)
    const unowned = fields.filter((field) => !owners.has(field)).map((field) => `${field} of ${record} has no owner`)
    const stale = [...owners.keys()].filter((field) => !fields.includes(field)).map((field) => `${record} has no ${field}`)
    const written = core.flatMap((source) => {
      const writes = writesOf(source, others)
      const foreign = fields.filter((field) => writes.has(field) && owners.get(field) !== source.path)
      const unwritten = parts[source.path]?.filter((field) => !writes.has(field)) ?? []
      const inParts = codeOf(source.text).includes(`Partial<${record}>`) ? [`${source.path} has parts of ${record}`] : []
      return [
        ...foreign.map((field) => `${source.path} writes ${field}, which ${owners.get(field)} owns`),
        ...unwritten.map((field) => `${source.path} owns ${field} and does not write it`),
        ...inParts
      ]
    })
    return [...unowned, ...stale, ...written]
  }
}

function fieldsOf(model: string, record: string): ReadonlyArray<string> {
  const body = new RegExp(`export interface ${record} \\{([^]*?)\\n\\}`).exec(codeOf(model))?.[1] ?? ""
  return [...body.matchAll(/readonly (\w+):/g)].map(([, field = ""]) => field)
}

/** The fields that object literals of a file change in a copy of what may be the record. */
function writesOf({ text }: Source, others: RegExp): ReadonlySet<string> {
  const written = literalsIn(codeOf(text)).flatMap((entries) => {
    const spread = entries.filter((entry) => entry.startsWith("...")).map((entry) => entry.slice(3).trim())
    // Fields that are added only sometimes: `...(isOpen ? { state } : {})`.
    const sometimes = spread.filter((one) => one.includes("{"))
    const copied = spread.find((one) => !sometimes.includes(one) && !others.test(one))
    // What stands before the copy is overwritten by it, or is read from it in a pattern.
    const after = copied === undefined ? [] : entries.slice(entries.indexOf(`...${copied}`) + 1)
    return copied === undefined ? [] : [after, ...sometimes.flatMap(literalsIn)].flatMap(namesIn)
  })
  return new Set(written)
}

/** The entries of each object literal, and of each block. */
function literalsIn(code: string): ReadonlyArray<ReadonlyArray<string>> {
  return [...code.matchAll(/\{/g)].map(({ index }) => entriesOf(code, index + 1))
}

function namesIn(entries: ReadonlyArray<string>): ReadonlyArray<string> {
  return entries.flatMap((entry) => /^(\w+)\s*(?=:|$)/.exec(entry)?.[1] ?? [])
}

/** The entries between a brace and its end, as far as commas outside inner brackets part them. */
function entriesOf(code: string, from: number): ReadonlyArray<string> {
  const entries: Array<string> = [""]
  let depth = 0
  for (let i = from; i < code.length; i++) {
    const char = code[i] as string
    if ("}])".includes(char) && depth-- === 0) break
    if ("{[(".includes(char)) depth++
    if (char === "," && depth === 0) entries.push("")
    else entries[entries.length - 1] += char
  }
  return entries.map((entry) => entry.trim())
}
