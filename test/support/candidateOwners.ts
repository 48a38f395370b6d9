/** Which file of the core writes which field of a candidate. */
import type { Rule } from "./rules.ts"
import type { Source } from "./sources.ts"
import { codeOf } from "./sources.ts"

/** Makes new candidates, so it names every field once. */
const MAKER = "src/core/initial.ts"

/** The parts of a candidate, each with its owner and its fields. */
const PARTS: Readonly<Record<string, ReadonlyArray<string>>> = {
  [MAKER]: ["id", "upstream", "ordinal", "host", "port"],
  "src/core/candidate/blame.ts": ["success", "penalty", "countedAtUs", "streak"],
  "src/core/candidate/breaker.ts": ["breaker"],
  "src/core/candidate/checkpoint.ts": ["checkpoint"],
  "src/core/candidate/cost.ts": [
    "latency",
    "jitter",
    "baseline",
    "costMs",
    "forecastMs",
    "sampleWindow",
    "windowClosedAtUs",
    "windowDueUs",
    "lastSampleAtUs",
    "resentAtUs",
    "expireDueUs",
    "fadeDueUs",
    "prior"
  ],
  "src/core/candidate/identity.ts": ["identity"],
  "src/core/candidate/lifetime.ts": ["sources", "connections", "forgetDueUs"],
  "src/core/candidate/queue.ts": ["queue", "queuedAtUs", "probe", "probedAtUs", "unused", "briefs"],
  "src/core/candidate/relief.ts": ["relief"],
  "src/core/candidate/suspicion.ts": ["suspicion"],
  "src/core/candidate/warm.ts": ["warm"]
}

export const OWNERS: ReadonlyMap<string, string> = new Map(
  Object.entries(PARTS).flatMap(([path, fields]) => fields.map((field) => [field, path] as const))
)

/** Other records that have a field of the same name, as they are named where they are copied. */
const OTHER_RECORDS = /(^|\.)(minted|template|configured|checkpoint|verify|#proof\(\)|placeOf\(config, candidate\))$/

/** The fields that object literals of a file change in a copy of what may be a candidate. */
function writesOf({ text }: Source): ReadonlySet<string> {
  const code = codeOf(text)
  const written = literalsIn(code).flatMap((entries) => {
    const spread = entries.filter((entry) => entry.startsWith("...")).map((entry) => entry.slice(3).trim())
    // Fields that are added only sometimes: `...(isOpen ? { state } : {})`.
    const sometimes = spread.filter((one) => one.includes("{"))
    const copies = spread.some((one) => !sometimes.includes(one) && !OTHER_RECORDS.test(one))
    return copies ? [entries, ...sometimes.flatMap(literalsIn)].flatMap(fieldsIn) : []
  })
  return new Set(written)
}

/** The entries of each object literal, and of each block. */
function literalsIn(code: string): ReadonlyArray<ReadonlyArray<string>> {
  return [...code.matchAll(/\{/g)].map(({ index }) => entriesOf(code, index + 1))
}

function fieldsIn(entries: ReadonlyArray<string>): ReadonlyArray<string> {
  return entries.flatMap((entry) => /^(\w+)\s*(?=:|$)/.exec(entry)?.[1] ?? [])
}

/** The entries between a brace and its end, as far as commas outside inner brackets part them. */
function entriesOf(code: string, from: number): ReadonlyArray<string> {
  const entries: Array<string> = [""]
  let depth = 0
  for (const char of code.slice(from)) {
    if ("}])".includes(char) && depth-- === 0) break
    if ("{[(".includes(char)) depth++
    if (char === "," && depth === 0) entries.push("")
    else entries[entries.length - 1] += char
  }
  return entries.map((entry) => entry.trim())
}

function candidateFields(sources: ReadonlyArray<Source>): ReadonlyArray<string> {
  const model = sources.findLast(({ path }) => path === "src/core/model/Candidate.ts")?.text ?? ""
  const body = /export interface Candidate \{([^]*?)\n\}/.exec(codeOf(model))?.[1] ?? ""
  return [...body.matchAll(/readonly (\w+):/g)].map(([, field = ""]) => field)
}

/** Each field of a candidate is written by one file, its owner. */
export const oneOwnerEach: Rule = (sources) => {
  const core = sources.filter(({ path }) => /^src\/core\/(?!schema\/|model\/)/.test(path) && path !== MAKER)
  const fields = candidateFields(sources)
  const unowned = fields.filter((field) => !OWNERS.has(field)).map((field) => `${field} of a candidate has no owner`)
  const stale = [...OWNERS.keys()].filter((field) => !fields.includes(field)).map((field) => `no candidate has ${field}`)
  const written = core.flatMap((source) => {
    const writes = writesOf(source)
    const foreign = fields.filter((field) => writes.has(field) && OWNERS.get(field) !== source.path)
    const unwritten = PARTS[source.path]?.filter((field) => !writes.has(field)) ?? []
    const inParts = /Partial<Candidate>|Pick<Candidate,/.test(codeOf(source.text))
      ? [`${source.path} has parts of a candidate`]
      : []
    return [
      ...foreign.map((field) => `${source.path} writes ${field}, which ${OWNERS.get(field)} owns`),
      ...unwritten.map((field) => `${source.path} owns ${field} and does not write it`),
      ...inParts
    ]
  })
  return [...unowned, ...stale, ...written]
}
