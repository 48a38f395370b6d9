/** From the arguments to addresses: reads lists, and resolves names by the system. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { trust } from "../../adapters/node/authorities.ts"
import { systemLookup } from "../../adapters/node/systemNames.ts"
import { Ended, UsageError } from "../exit.ts"
import type { Place } from "./ranking.ts"
import type { Wanted } from "./targets.ts"
import { joined, listed, MOST_ADDRESSES, targetOf } from "./targets.ts"

/** A list of ten thousand names takes a tenth of this. */
const MOST_LIST_BYTES = 4_194_304
const LOOKUPS_AT_ONCE = 8

export const wantedOf = Effect.fnUntraced(function* (texts: ReadonlyArray<string>, port: number) {
  const { wanted, problems } = joined(yield* Effect.forEach(texts, (text) => read(text, port)))
  if (problems.length > 0) return yield* new UsageError({ message: problems.join("\n") })
  if (wanted.length === 0) return yield* new UsageError({ message: "the lists name no target" })
  return wanted
})

/** The digest of the authorities in a file. */
export const authoritiesOf = Effect.fnUntraced(function* (file: string) {
  const digest = trusted(yield* contentOf(file))
  return digest ?? (yield* new UsageError({ message: `${file} has no certificates in PEM that can be read` }))
})

function trusted(pem: string): string | undefined {
  try {
    return trust(pem)
  } catch {
    return undefined
  }
}

/** The text of a file of at most 4 MiB. */
const contentOf = Effect.fnUntraced(function* (file: string) {
  const files = yield* FileSystem.FileSystem
  const { size } = yield* Effect.mapError(files.stat(file), unreadable(file))
  if (size > MOST_LIST_BYTES) return yield* new UsageError({ message: `${file} is larger than 4 MiB` })
  return yield* Effect.mapError(files.readFileString(file), unreadable(file))
})

const unreadable = (file: string) => ({ message }: { readonly message: string }) =>
  new UsageError({ message: `${file} cannot be read: ${message}` })

const read = Effect.fnUntraced(function* (text: string, port: number) {
  if (!text.startsWith("@")) return targetOf(text, port)
  const file = text.slice(1)
  return listed(yield* contentOf(file), file, port)
})

/** Each address once, with its name. */
export const placesOf = Effect.fnUntraced(function* (wanted: ReadonlyArray<Wanted>) {
  const found = yield* Effect.forEach(wanted, resolved, { concurrency: LOOKUPS_AT_ONCE })
  const places = new Map<string, Place>()
  for (const place of found.flat()) {
    const key = `${place.host} ${place.port} ${place.name}`
    if (!places.has(key)) places.set(key, place)
  }
  if (places.size === 0) return yield* new Ended({ code: 1 })
  if (places.size <= MOST_ADDRESSES) return [...places.values()]
  return yield* new UsageError({ message: `${places.size} addresses are more than ${MOST_ADDRESSES}: name fewer` })
})

/** A name without addresses is told, and the others go on. */
const resolved = Effect.fnUntraced(function* (wanted: Wanted) {
  if (wanted._tag === "Address") return [{ name: "", host: wanted.host, port: wanted.port }]
  const { name, port } = wanted
  const answers = yield* Effect.promise(() => Promise.allSettled([systemLookup(name, 4), systemLookup(name, 6)]))
  const hosts = answers.flatMap((one) => one.status === "fulfilled" ? one.value : [])
  if (hosts.length === 0) yield* Console.error(`fairlead: ${name} has no address: the system's resolver found none`)
  return hosts.map((host) => ({ name, host, port }))
})
